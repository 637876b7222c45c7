//! `dropped-groups`: `USER name:group` drops the supplementary groups of the user.

use std::collections::BTreeSet;

use super::support::steps::{first_word, of_kind};
use crate::dockerfile::Kind;
use crate::lint::facts::{Call, Step};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "dropped-groups",
    page: include_str!("../../rules/lint/dropped-groups.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Maximum number of USER instructions for which the instructions before them are searched. Without
/// a limit, a file that consists of USER instructions would take quadratic time.
const MOST_USERS: usize = 100;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let users = of_kind(cx, &[Kind::User]).filter(|step| !step.onbuild);
    for step in users.take(MOST_USERS) {
        let Some(word) = first_word(step) else {
            continue;
        };
        let Some(text) = cx.facts.expand(step, word) else {
            continue;
        };
        let Some(name) = name_before_group(&text) else {
            continue;
        };
        let Some(assignment) = group_assignment(cx, step, name) else {
            continue;
        };
        let message = format!("`USER` with a group drops the supplementary groups of `{name}`");
        let report = findings
            .add(word.span, message)
            .label(assignment, "groups assigned here");
        // If the text contains a variable or quotes, it cannot simply be cut after the name.
        if word.literal() == Some(&text) && word.span.end - word.span.start == text.len() {
            let edit = Edit::replace(word.span, name.to_owned());
            report.fix(Fix::marked_unsafe("remove the group", [edit]));
        }
    }
}

/// The name of the user in `name:group`, if the user can have supplementary groups.
fn name_before_group(user: &str) -> Option<&str> {
    let (name, group) = user.trim().split_once(':')?;
    // Root can open every file anyway. A numeric user has no account entry to look up groups by.
    let has_groups =
        !name.is_empty() && name != "root" && !name.bytes().all(|b| b.is_ascii_digit());
    if group.is_empty() || !has_groups {
        return None;
    }
    Some(name)
}

/// The call that adds a user to supplementary groups, in the stage or those it is based on.
fn group_assignment(cx: &DockerfileContext<'_>, step: &Step<'_>, name: &str) -> Option<Span> {
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
        .find(|call| assigns_groups(call, name))
        .map(|call| call.span)
}

/// Whether a call adds the user of this name to supplementary groups.
fn assigns_groups(call: &Call, name: &str) -> bool {
    let words: Vec<&str> = call.words().collect();
    match call.name.as_str() {
        "useradd" | "usermod" => {
            let has_groups =
                has_letter(&words, 'G') || words.iter().any(|word| word.starts_with("--groups"));
            words.last() == Some(&name) && has_groups
        }
        "gpasswd" => words.contains(&name) && (has_letter(&words, 'a') || words.contains(&"--add")),
        // `adduser user group` of BusyBox and Debian. With options it creates a user instead.
        "adduser" | "addgroup" => {
            words.len() == 2 && words[0] == name && words.iter().all(|word| !word.starts_with('-'))
        }
        _ => false,
    }
}

/// Whether one of the words is a short option with this letter, or a bundle with it.
fn has_letter(words: &[&str], letter: char) -> bool {
    words
        .iter()
        .any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains(letter))
}
