//! `dropped-groups`: `USER name:group` drops the supplementary groups of the user.

use std::collections::BTreeSet;

use crate::dockerfile::{Body, Kind};
use crate::lint::facts::{Call, Step};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "dropped-groups",
    page: include_str!("../../rules/lint/dropped-groups.md"),
    dockerfile: Some(check),
    image: None,
};

/// For how many USERs what comes before them is searched.
const MOST_USERS: usize = 100;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let users = cx
        .facts
        .steps
        .iter()
        .filter(|step| step.kind() == Kind::User && !step.onbuild);
    for step in users.take(MOST_USERS) {
        let Body::Words { words, .. } = &step.instruction.body else {
            continue;
        };
        let Some(word) = words.first() else { continue };
        let Some(text) = cx.facts.expand(step, word) else {
            continue;
        };
        let Some((name, group)) = text.trim().split_once(':') else {
            continue;
        };
        if group.is_empty()
            || name.is_empty()
            || name == "root"
            || name.bytes().all(|b| b.is_ascii_digit())
        {
            continue;
        }
        let Some(given) = groups_given(cx, step, name) else {
            continue;
        };
        let report = findings
            .add(
                word.span,
                format!("`USER` with a group drops the supplementary groups of `{name}`"),
            )
            .label(given, "groups assigned here");
        if word.literal() == Some(&text) && word.span.end - word.span.start == text.len() {
            let edit = Edit {
                span: word.span,
                replacement: name.to_owned(),
            };
            report.fix(Fix::new(
                "remove the group",
                Applicability::Unsafe,
                vec![edit],
            ));
        }
    }
}

/// The call that puts a user into more groups than its own, in the stage or those it is built on.
fn groups_given(cx: &DockerfileContext<'_>, step: &Step<'_>, name: &str) -> Option<Span> {
    let lineage: BTreeSet<usize> = cx
        .facts
        .ancestry(step.stage?)
        .map(|stage| stage.index)
        .collect();
    let before = cx
        .facts
        .runs()
        .iter()
        .take_while(|run| run.step < step.index);
    let runs = before.filter(|run| {
        cx.facts.steps[run.step]
            .stage
            .is_some_and(|stage| lineage.contains(&stage))
    });
    runs.flat_map(|run| &run.calls)
        .find(|call| gives_groups(call, name))
        .map(|call| call.span)
}

fn gives_groups(call: &Call, name: &str) -> bool {
    let words: Vec<&str> = call.words().collect();
    let last = words.last() == Some(&name);
    let option = |letter: char| {
        let short = move |word: &&str| {
            word.starts_with('-') && !word.starts_with("--") && word.contains(letter)
        };
        words.iter().any(short)
    };
    match call.name.as_str() {
        "useradd" | "usermod" => {
            last && (option('G') || words.iter().any(|word| word.starts_with("--groups")))
        }
        "gpasswd" => words.contains(&name) && (option('a') || words.contains(&"--add")),
        // `adduser user group`, BusyBox's and Debian's.
        "adduser" | "addgroup" => {
            let operands: Vec<&&str> = words.iter().filter(|word| !word.starts_with('-')).collect();
            words.first() == Some(&name) && operands.len() == 2 && operands.len() == words.len()
        }
        _ => false,
    }
}
