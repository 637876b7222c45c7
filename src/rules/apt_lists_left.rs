//! `apt-lists-left`: the package lists that `apt-get update` downloads are left in the image.

use std::collections::HashMap;

use super::support::caches;
use super::support::rewrite::append;
use crate::lint::facts::packages::{Action, understand};
use crate::lint::facts::{Call, Facts, Run, deletes};
use crate::lint::{Applicability, DockerfileContext, Findings, Fix, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "apt-lists-left",
    page: include_str!("../../rules/lint/apt-lists-left.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

/// The directory of the lists that `apt-get update` downloads.
const LISTS: &str = "/var/lib/apt/lists";

/// The directory of the packages that `apt-get install` downloads.
const CACHE: &str = "/var/cache/apt";

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let kept_downloads = stages_that_keep_downloads(cx.facts);
    let last_bare_install = last_install_without_update(cx.facts);
    for run in cx.facts.runs() {
        if !cx.facts.may_be_in_final_image(&cx.facts.steps[run.step]) {
            continue;
        }
        // Of several updates, the last one leaves the lists.
        let Some(update) = position_of(run, Action::Update, Side::Last) else {
            continue;
        };
        if !run.keeps_out(LISTS) {
            let later_installs = last_bare_install.is_some_and(|install| install > run.step);
            report_lists(cx, findings, run, update, later_installs);
            continue;
        }
        // The lists are in a mount, but the downloaded packages may be outside of it.
        let Some(install) = position_of(run, Action::Install, Side::First) else {
            continue;
        };
        let keeps_downloads = ancestors(cx.facts, run)
            .iter()
            .any(|stage| kept_downloads.get(stage).is_some_and(|&at| at <= run.step));
        let is_clean = run.keeps_out(CACHE) || run.calls.iter().any(|call| deletes(call, CACHE));
        if keeps_downloads && !is_clean {
            findings.add(
                run.calls[install].span,
                format!("downloaded packages in `{CACHE}` are left in the layer"),
            );
        }
    }
}

/// Reports an update, unless a later call of the same RUN deletes the lists.
fn report_lists(
    cx: &DockerfileContext<'_>,
    findings: &mut Findings,
    run: &Run<'_>,
    update: usize,
    later_installs: bool,
) {
    // A deletion before the update does not help.
    if run.calls[update..].iter().any(|call| deletes(call, LISTS)) {
        return;
    }
    let report = findings.add(
        run.calls[update].span,
        format!("package lists in `{LISTS}` are left in the layer"),
    );
    if let Some(fix) = fix(cx, run, later_installs) {
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

/// The stages that a RUN builds on, its own included; `None` is the part of a file before any FROM.
fn ancestors(facts: &Facts<'_>, run: &Run<'_>) -> Vec<Option<usize>> {
    match facts.steps[run.step].stage {
        Some(stage) => facts
            .ancestry(stage)
            .map(|stage| Some(stage.index))
            .collect(),
        None => vec![None],
    }
}

/// The stages that remove `docker-clean`, with the step that does.
///
/// Debian images delete downloads after each installation because of this file in `apt.conf.d`.
/// With a cache mount it must be removed, because it would empty the mount.
fn stages_that_keep_downloads(facts: &Facts<'_>) -> HashMap<Option<usize>, usize> {
    let mut stages = HashMap::new();
    for run in facts.runs() {
        if run.calls.iter().any(keeps_downloads) {
            stages
                .entry(facts.steps[run.step].stage)
                .or_insert(run.step);
        }
    }
    stages
}

/// Whether a call makes apt keep its downloads.
fn keeps_downloads(call: &Call) -> bool {
    // The second way is a setting in a file or in `-o`.
    let removes_hook =
        call.name == "rm" && call.words().any(|word| word.ends_with("/docker-clean"));
    removes_hook
        || call
            .arguments
            .iter()
            .any(|argument| argument.raw.contains("Keep-Downloaded-Packages"))
}

/// The last RUN that installs from the lists of an earlier one.
fn last_install_without_update(facts: &Facts<'_>) -> Option<usize> {
    for run in facts.runs().iter().rev() {
        let Some(install) = position_of(run, Action::Install, Side::First) else {
            continue;
        };
        if position_of(run, Action::Update, Side::First).is_none_or(|update| update > install) {
            return Some(run.step);
        }
    }
    None
}

fn fix(cx: &DockerfileContext<'_>, run: &Run<'_>, later_installs: bool) -> Option<Fix> {
    let edit = append(cx, run, &format!("rm -rf {LISTS}/*"))?;
    // A later RUN that installs without an update of its own needs these lists.
    let applicability = if later_installs {
        Applicability::Unsafe
    } else {
        Applicability::Safe
    };
    Some(Fix::new(
        "remove them in the same `RUN`",
        applicability,
        vec![edit],
    ))
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    caches::report(cx, findings, &[LISTS], "apt package lists");
}
