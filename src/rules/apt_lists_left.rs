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

const LISTS: &str = "/var/lib/apt/lists";
const CACHE: &str = "/var/cache/apt";

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let kept_downloads = stages_that_keep_downloads(cx.facts);
    let last_bare_install = last_install_without_update(cx.facts);
    for run in cx.facts.runs() {
        if !cx.facts.may_be_in_final_image(&cx.facts.steps[run.step]) {
            continue;
        }
        let Some(update) = run
            .calls
            .iter()
            .rposition(|call| is_apt(call, Action::Update))
        else {
            continue;
        };
        if !run.keeps_out(LISTS) {
            if !run.calls[update..].iter().any(|call| deletes(call, LISTS)) {
                let report = findings.add(
                    run.calls[update].span,
                    format!("package lists in `{LISTS}` are left in the layer"),
                );
                let leaves_none = last_bare_install.is_some_and(|install| install > run.step);
                if let Some(fix) = fix(cx, run, leaves_none) {
                    report.fix(fix);
                }
            }
        } else if let Some(install) = run.calls.iter().find(|call| is_apt(call, Action::Install)) {
            let keeps = ancestors(cx.facts, run)
                .any(|stage| kept_downloads.get(&stage).is_some_and(|&at| at <= run.step));
            if keeps && !run.keeps_out(CACHE) && !run.calls.iter().any(|call| deletes(call, CACHE))
            {
                findings.add(
                    install.span,
                    format!("downloaded packages in `{CACHE}` are left in the layer"),
                );
            }
        }
    }
}

fn is_apt(call: &Call, action: Action) -> bool {
    understand(call).is_some_and(|call| call.manager.name == "apt" && call.action == action)
}

fn ancestors<'f>(facts: &'f Facts<'_>, run: &Run<'_>) -> impl Iterator<Item = Option<usize>> + 'f {
    let stage = facts.steps[run.step].stage;
    let stages = stage
        .into_iter()
        .flat_map(|stage| facts.ancestry(stage))
        .map(|stage| Some(stage.index));
    stages.chain(std::iter::once(None).filter(move |_| stage.is_none()))
}

/// Debian's images delete downloads after each install, by `docker-clean`; where a stage takes that
/// away, and when.
fn stages_that_keep_downloads(facts: &Facts<'_>) -> HashMap<Option<usize>, usize> {
    let mut stages = HashMap::new();
    for run in facts.runs() {
        let removes = |call: &Call| {
            (call.name == "rm" && call.words().any(|word| word.ends_with("/docker-clean")))
                || call
                    .arguments
                    .iter()
                    .any(|argument| argument.raw.contains("Keep-Downloaded-Packages"))
        };
        if run.calls.iter().any(removes) {
            stages
                .entry(facts.steps[run.step].stage)
                .or_insert(run.step);
        }
    }
    stages
}

/// The last RUN that installs from the lists of an earlier one.
fn last_install_without_update(facts: &Facts<'_>) -> Option<usize> {
    let bare = |run: &&Run<'_>| {
        let first = |action| run.calls.iter().position(|call| is_apt(call, action));
        first(Action::Install)
            .is_some_and(|install| first(Action::Update).is_none_or(|update| update > install))
    };
    facts.runs().iter().rfind(bare).map(|run| run.step)
}

fn fix(cx: &DockerfileContext<'_>, run: &Run<'_>, later_installs: bool) -> Option<Fix> {
    let edit = append(cx, run, &format!("rm -rf {LISTS}/*"))?;
    // A later RUN that installs without an update of its own lives on these lists.
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
