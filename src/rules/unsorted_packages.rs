//! `unsorted-packages`: a list of packages is not sorted.

use crate::lint::facts::Argument;
use crate::lint::facts::packages::{Action, PackageCall};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "unsorted-packages",
    page: include_str!("../../rules/lint/unsorted-packages.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Managers for which the order of packages does not matter.
const MANAGERS: [&str; 7] = ["apt", "apk", "dnf", "microdnf", "yum", "zypper", "tdnf"];

/// Minimum length of a list that is checked. Shorter ones are easy to read in any order.
const FEWEST: usize = 3;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (_, call) in cx.facts.package_calls() {
        if call.action != Action::Install || !MANAGERS.contains(&call.manager.name) {
            continue;
        }
        for list in lists(cx, &call) {
            report(cx, &list, findings);
        }
    }
}

/// Lists of a call's packages that are on separate lines; an option, a comment or a variable
/// between packages starts another list.
fn lists<'c>(cx: &DockerfileContext<'_>, call: &PackageCall<'c>) -> Vec<Vec<&'c Argument>> {
    let mut lists: Vec<Vec<&Argument>> = Vec::new();
    // The line on which the next package of the current list must be.
    let mut next_line = None;
    for argument in &call.call.arguments {
        let is_package = call
            .packages
            .iter()
            .any(|package| package.argument.span == argument.span);
        let line = cx.source.line(argument.span.start);
        let before = Span::new(cx.source.line_span(line).start, argument.span.start);
        let is_listed =
            is_package && argument.single().is_some() && cx.source.slice(before).trim().is_empty();
        if !is_listed {
            next_line = None;
            continue;
        }
        match lists.last_mut() {
            Some(list) if next_line == Some(line) => list.push(argument),
            _ => lists.push(vec![argument]),
        }
        next_line = Some(line + 1);
    }
    lists
}

/// Reports a list that is in neither of the two usual orders.
fn report(cx: &DockerfileContext<'_>, list: &[&Argument], findings: &mut Findings) {
    let written: Vec<&str> = list
        .iter()
        .map(|argument| cx.source.slice(argument.span))
        .collect();
    // Both orders are accepted: which one `sort` uses depends on the locale.
    if list.len() < FEWEST
        || written.is_sorted_by_key(|text| by_bytes(text))
        || written.is_sorted_by_key(|text| by_letters(text))
    {
        return;
    }
    let mut sorted = written.clone();
    sorted.sort_by_key(|text| by_bytes(text));
    // Only the words are swapped, so that line continuations and indentation are preserved.
    let mut edits = Vec::new();
    for (index, argument) in list.iter().enumerate() {
        if written[index] != sorted[index] {
            edits.push(Edit::replace(argument.span, sorted[index].to_owned()));
        }
    }
    let late = written
        .windows(2)
        .position(|pair| by_bytes(pair[0]) > by_bytes(pair[1]))
        .map_or(0, |index| index + 1);
    let message = format!(
        "package list is not sorted: `{}` comes after `{}`",
        written[late],
        written[late.saturating_sub(1)]
    );
    let report = findings.add(list[late].span, message);
    // The comment above a list may be about its first package alone, which then has to stay there.
    if written[0] == sorted[0] || !has_comment_above(cx, list[0]) {
        report.fix(Fix::safe("sort the list", edits));
    }
}

/// Whether the line above an argument is a comment.
fn has_comment_above(cx: &DockerfileContext<'_>, argument: &Argument) -> bool {
    let line = cx.source.line(argument.span.start);
    line > 1 && {
        let above = cx.source.slice(cx.source.line_span(line - 1));
        above.trim_start().starts_with('#')
    }
}

/// The sort key of `LC_ALL=C sort -f`.
fn by_bytes(text: &str) -> String {
    text.trim_matches(['"', '\'']).to_lowercase()
}

/// The sort key of most locales, which ignore `-` and `.`.
fn by_letters(text: &str) -> String {
    text.to_lowercase()
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .collect()
}
