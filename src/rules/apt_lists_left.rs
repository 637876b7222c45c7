//! `apt-lists-left`: the package lists that `apt-get update` downloads are left in the image.

use super::support::caches;
use super::support::docker_clean::KeptDownloads;
use super::support::rewrite::append;
use crate::lint::facts::packages::{Action, understand};
use crate::lint::facts::{Call, Facts, Run, deletes};
use crate::lint::{DockerfileContext, Findings, Fix, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "apt-lists-left",
    page: include_str!("../../rules/lint/apt-lists-left.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: None,
};

/// The directory of the lists that `apt-get update` downloads.
const LISTS: &str = "/var/lib/apt/lists";

/// The directory of the packages that `apt-get install` downloads.
const CACHE: &str = "/var/cache/apt";

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let kept_downloads = KeptDownloads::of(cx.facts);
    let last_use = last_use_without_update(cx.facts);
    for run in cx.facts.runs() {
        if !cx.facts.may_be_in_final_image(&cx.facts.steps[run.step]) {
            continue;
        }
        // Of several updates, the last one leaves the lists.
        let Some(update) = position_of(run, Action::Update, Side::Last) else {
            continue;
        };
        if !run.keeps_out(LISTS) {
            let are_used_later = last_use.is_some_and(|step| step > run.step);
            report_lists(cx, findings, run, update, are_used_later);
            continue;
        }
        // The lists are in a mount, but the downloaded packages may be outside of it.
        let Some(install) = position_of(run, Action::Install, Side::First) else {
            continue;
        };
        let is_clean = run.keeps_out(CACHE) || run.calls.iter().any(|call| deletes(call, CACHE));
        if kept_downloads.includes(cx.facts, run) && !is_clean {
            let message = format!("downloaded packages in `{CACHE}` are left in the layer");
            findings.add(run.calls[install].span, message);
        }
    }
}

/// Reports an update, unless a later call of the same RUN deletes the lists.
fn report_lists(
    cx: &DockerfileContext<'_>,
    findings: &mut Findings,
    run: &Run<'_>,
    update: usize,
    are_used_later: bool,
) {
    // A deletion before the update does not help.
    if run.calls[update..].iter().any(|call| deletes(call, LISTS)) {
        return;
    }
    let message = format!("package lists in `{LISTS}` are left in the layer");
    let report = findings.add(run.calls[update].span, message);
    // Without the lists, a later RUN that installs from them would fail. If the update comes last,
    // its lists are meant for a later RUN too, such as one that starts a script.
    let are_used_here = run.calls[update + 1..]
        .iter()
        .any(|call| !is_apt(call, Action::Clean));
    if are_used_here
        && !are_used_later
        && let Some(fix) = fix(cx, run)
    {
        report.fix(fix);
    }
}

/// The end of a script from which the search for a call starts.
#[derive(Clone, Copy)]
enum Side {
    First,
    Last,
}

/// The index of the first or the last call of apt with this action.
fn position_of(run: &Run<'_>, action: Action, side: Side) -> Option<usize> {
    match side {
        Side::First => run.calls.iter().position(|call| is_apt(call, action)),
        Side::Last => run.calls.iter().rposition(|call| is_apt(call, action)),
    }
}

fn is_apt(call: &Call, action: Action) -> bool {
    understand(call).is_some_and(|call| call.manager.name == "apt" && call.action == action)
}

/// The last RUN that needs the lists of an earlier one.
fn last_use_without_update(facts: &Facts<'_>) -> Option<usize> {
    for run in facts.runs().iter().rev() {
        let Some(first) = run.calls.iter().position(needs_lists) else {
            continue;
        };
        if position_of(run, Action::Update, Side::First).is_none_or(|update| update > first) {
            return Some(run.step);
        }
    }
    None
}

/// Whether a call reads the package lists.
fn needs_lists(call: &Call) -> bool {
    match understand(call) {
        Some(call) => {
            call.manager.name == "apt" && matches!(call.action, Action::Install | Action::Upgrade)
        }
        // `apt-get download` and others do not act on installed packages, but read the lists.
        None => matches!(
            call.name.as_str(),
            "apt-get" | "apt" | "aptitude" | "apt-cache"
        ),
    }
}

fn fix(cx: &DockerfileContext<'_>, run: &Run<'_>) -> Option<Fix> {
    let edit = append(cx, run, &format!("rm -rf {LISTS}/*"))?;
    Some(Fix::safe("remove them in the same `RUN`", [edit]))
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    caches::report(cx, findings, &[LISTS], "apt package lists");
}
