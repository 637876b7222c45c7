//! `unsorted-packages`: a list of packages is not sorted.

use crate::lint::facts::Argument;
use crate::lint::facts::packages::{Action, PackageCall};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "unsorted-packages",
    page: include_str!("../../rules/lint/unsorted-packages.md"),
    dockerfile: Some(check),
    image: None,
};

/// Managers to whom the order says nothing.
const MANAGERS: [&str; 7] = ["apt", "apk", "dnf", "microdnf", "yum", "zypper", "tdnf"];
/// Fewer are seen at a glance.
const FEWEST: usize = 3;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let calls = run
            .package_calls()
            .filter(|call| call.action == Action::Install);
        for call in calls.filter(|call| MANAGERS.contains(&call.manager.name)) {
            for list in lists(cx, &call) {
                report(cx, &list, findings);
            }
        }
    }
}

/// The packages of a call that stand one a line, in pieces: an option, a comment or a variable
/// begins another.
fn lists<'c>(cx: &DockerfileContext<'_>, call: &PackageCall<'c>) -> Vec<Vec<&'c Argument>> {
    let mut lists: Vec<Vec<&Argument>> = Vec::new();
    let mut follows = None;
    for argument in &call.call.arguments {
        let is_package = call
            .packages
            .iter()
            .any(|package| package.argument.span == argument.span);
        let line = cx.source.line(argument.span.start);
        let before = Span::new(cx.source.line_span(line).start, argument.span.start);
        let is_listed =
            is_package && argument.single().is_some() && cx.source.slice(before).trim().is_empty();
        match lists.last_mut().filter(|_| follows == Some(line)) {
            Some(list) if is_listed => list.push(argument),
            _ if is_listed => lists.push(vec![argument]),
            _ => {}
        }
        follows = is_listed.then_some(line + 1);
    }
    lists
}

fn report(cx: &DockerfileContext<'_>, list: &[&Argument], findings: &mut Findings) {
    let written: Vec<&str> = list
        .iter()
        .map(|argument| cx.source.slice(argument.span))
        .collect();
    if list.len() < FEWEST
        || written.is_sorted_by_key(|text| by_bytes(text))
        || written.is_sorted_by_key(|text| by_letters(text))
    {
        return;
    }
    let mut sorted = written.clone();
    sorted.sort_by_key(|text| by_bytes(text));
    let changed = list
        .iter()
        .zip(&written)
        .zip(&sorted)
        .filter(|((_, before), after)| before != after);
    let edits: Vec<Edit> = changed
        .map(|((argument, _), &text)| Edit {
            span: argument.span,
            replacement: text.to_owned(),
        })
        .collect();
    let late = written
        .windows(2)
        .position(|pair| by_bytes(pair[0]) > by_bytes(pair[1]))
        .map_or(0, |at| at + 1);
    let message = format!(
        "package list is not sorted: `{}` comes after `{}`",
        written[late],
        written[late.saturating_sub(1)]
    );
    findings.add(list[late].span, message).fix(Fix::new(
        "sort the list",
        Applicability::Safe,
        edits,
    ));
}

/// The order of `LC_ALL=C sort -f`.
fn by_bytes(text: &str) -> String {
    text.trim_matches(['"', '\'']).to_lowercase()
}

/// That of locales, in which `-` and `.` do not count.
fn by_letters(text: &str) -> String {
    text.to_lowercase()
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .collect()
}
