//! `update-alone`: package lists are fetched in a RUN that installs nothing.

use super::rewrite::join;
use crate::lint::facts::packages::{Action, PackageCall, understand};
use crate::lint::facts::{Call, Run};
use crate::lint::{Applicability, Context, Findings, Fix, Report, Rule};

pub(super) const RULE: Rule = Rule {
    name: "update-alone",
    page: include_str!("../../rules/lint/update-alone.md"),
    check,
};

/// Programs that may install something by themselves.
const MAY_INSTALL: [&str; 14] = [
    ".",
    "ash",
    "bash",
    "debootstrap",
    "dpkg",
    "eval",
    "gdebi",
    "make",
    "mk-build-deps",
    "npx",
    "playwright",
    "python3",
    "sh",
    "source",
];

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let update = |call: &PackageCall<'_>| is_update(call) && !is_kept_in_a_cache(run, call);
        let mut understood = run
            .calls
            .iter()
            .enumerate()
            .filter_map(|(at, call)| Some((at, understand(call)?)));
        let Some((at, call)) = understood.find(|(_, call)| update(call)) else {
            continue;
        };
        if !run.calls[at + 1..].iter().any(may_install) {
            let later = cx.facts.runs().get(
                cx.facts
                    .runs()
                    .partition_point(|later| later.step <= run.step),
            );
            let next = later.filter(|later| {
                later
                    .package_calls()
                    .any(|call| call.action == Action::Install)
            });
            let fix = next.and_then(|next| join(cx, run, next));
            if let (Some(edit), report) = (fix, report(cx, findings, run, &call)) {
                report.fix(Fix::new(
                    "fetch and install in one `RUN`",
                    Applicability::Safe,
                    vec![edit],
                ));
            }
        }
    }
}

/// How many later calls are looked through for the one that a finding stands at.
const MOST_LATER: usize = 1000;

/// It stands at what installs from the old lists, where something does.
pub(super) fn report<'f>(
    cx: &Context<'_>,
    findings: &'f mut Findings,
    run: &Run<'_>,
    alone: &PackageCall<'_>,
) -> Report<'f> {
    let stage = cx.facts.steps[run.step].stage;
    let runs = cx.facts.runs();
    let later = &runs[runs.partition_point(|later| later.step <= run.step)..];
    let later = later
        .iter()
        .take_while(|later| cx.facts.steps[later.step].stage == stage)
        .take(MOST_LATER);
    let uses = |call: &PackageCall<'_>| {
        call.manager.name == alone.manager.name && call.action == Action::Install
    };
    let brings_its_own = |later: &Run<'_>| later.package_calls().any(|call| is_update(&call));
    let install = later
        .filter(|later| !brings_its_own(later))
        .find_map(|later| later.package_calls().find(uses));
    let (name, verb) = (&alone.call.name, alone.verb.map_or("", |verb| verb.word));
    let Some(install) = install else {
        return findings.add(
            alone.call.span,
            format!("`{name} {verb}` stands in a `RUN` that installs nothing"),
        );
    };
    let span = install.verb.map_or(install.call.span, |verb| {
        install.call.name_span.to(verb.argument.span)
    });
    let message =
        format!("this installs what `{name} {verb}` knew on the day its own `RUN` was cached");
    findings
        .add(span, message)
        .label(alone.call.span, "that one")
}

fn is_update(call: &PackageCall<'_>) -> bool {
    call.action == Action::Update && !call.manager.lists.is_empty()
}

fn is_kept_in_a_cache(run: &Run<'_>, call: &PackageCall<'_>) -> bool {
    call.manager.lists.iter().any(|lists| run.keeps_out(lists))
}

/// Whether a call installs, or may: a manager of packages doing more than fetching lists, a script,
/// a shell.
fn may_install(call: &Call) -> bool {
    let by_manager = understand(call)
        .is_some_and(|call| matches!(call.action, Action::Install | Action::Upgrade));
    let other = call.name.starts_with("apt") && understand(call).is_none();
    by_manager
        || other
        || MAY_INSTALL.contains(&call.name.as_str())
        || call.name.contains('.')
        || call.name.contains("install")
}
