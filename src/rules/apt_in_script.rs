//! `apt-in-script`: `apt` is used in a script instead of `apt-get`.

use super::support::unattended::insert_after;
use crate::lint::facts::Call;
use crate::lint::facts::packages::{Action, understand};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "apt-in-script",
    page: include_str!("../../rules/lint/apt-in-script.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let calls: Vec<&Call> = run.calls.iter().filter(|call| call.name == "apt").collect();
        // One finding for each RUN, with one fix, because it makes no sense to change only some of
        // its calls. Calls that have to be rewritten by hand are a separate finding.
        let mut edits = Vec::new();
        let (mut fixable, mut others) = (Vec::new(), Vec::new());
        for call in calls {
            match use_apt_get(cx, call) {
                Some(edit) => {
                    edits.push(edit);
                    fixable.push(call);
                }
                None => others.push(call),
            }
        }
        report(&others, Vec::new(), findings);
        report(&fixable, edits, findings);
    }
}

/// Reports the first of several calls, with labels at the others.
fn report(calls: &[&Call], edits: Vec<Edit>, findings: &mut Findings) {
    let Some((first, others)) = calls.split_first() else {
        return;
    };
    let message = "`apt` is meant for interactive use; its interface may change";
    let mut report = findings.add(first.name_span, message);
    for call in others {
        report = report.label(call.name_span, "also here");
    }
    if !edits.is_empty() {
        report.fix(Fix::safe("use `apt-get`", edits));
    }
}

/// Replaces `apt` if `apt-get` does the same.
fn use_apt_get(cx: &DockerfileContext<'_>, call: &Call) -> Option<Edit> {
    // `apt-get` has no `list`, `show` or `search`. Verbs that exist in both have the same meaning.
    let has_verb = understand(call)
        .is_some_and(|call| call.action != Action::Clean || call.is_verb(&["clean", "autoclean"]));
    if !has_verb {
        return None;
    }
    let mut edit = insert_after(cx, call.name_span, "apt", "")?;
    let quoted = cx.source.slice(call.name_span).starts_with('"');
    edit.replacement = String::from(if quoted { "\"apt-get\"" } else { "apt-get" });
    edit.span = call.name_span;
    Some(edit)
}
