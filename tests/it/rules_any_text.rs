//! Properties of any text: rules do not panic, locations are inside the text, and fixed texts can
//! be parsed.

use jettison::dockerfile::parse;
use jettison::lint::{Applicability, Finding, Selection, Settings, examples, fix, lint};
use jettison::rules::registry;
use jettison::source::Source;
use proptest::prelude::*;

/// Every line of every page's examples.
fn lines() -> Vec<String> {
    let texts = registry()
        .iter()
        .flat_map(|(_, page)| examples(page.body))
        .map(|example| example.text);
    let mut lines: Vec<String> = texts
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    lines.extend(
        [
            "# jettison ignore=sudo",
            "    && \\",
            "'",
            "\"",
            "EOF",
            "USER ${A:-$B}",
            "ENV A=${A//x*/y}",
        ]
        .map(String::from),
    );
    lines
}

/// Lines in any order, with a piece cut out somewhere.
fn any_text() -> impl Strategy<Value = String> {
    let lines = proptest::collection::vec(proptest::sample::select(lines()), 0..24);
    (
        lines,
        any::<prop::sample::Index>(),
        0..12_usize,
        any::<bool>(),
    )
        .prop_map(|(lines, at, cut, crlf)| {
            let text = lines.join(if crlf { "\r\n" } else { "\n" });
            let start = at.index(text.len() + 1);
            text.bytes()
                .take(start)
                .chain(text.bytes().skip(start + cut))
                .map(char::from)
                .collect()
        })
}

proptest! {
    #[test]
    fn spans_of_findings_and_fixes_lie_in_the_text(text in any_text()) {
        let source = Source::new("Dockerfile", text.as_str());
        let settings = Settings { select: Selection::ALL, ..Settings::default() };
        for finding in lint(&source, registry(), &settings) {
            let spans = finding.labels.iter().map(|label| label.span).chain(finding.span());
            let edits = finding.fix.iter().flat_map(|fix| &fix.edits).map(|edit| edit.span);
            for span in spans.chain(edits) {
                prop_assert!(span.end <= text.len() && text.is_char_boundary(span.start) && text.is_char_boundary(span.end));
            }
        }
    }

    #[test]
    fn fixes_converge_and_break_nothing(text in any_text(), select in any_selection()) {
        let source = Source::new("Dockerfile", text.as_str());
        let settings = Settings { select, ..Settings::default() };
        if let Some(fixed) = fix::apply_all(&source, registry(), &settings, Applicability::Unsafe) {
            prop_assert!(parse(&fixed).errors.len() <= parse(&source).errors.len(), "{}", fixed.text());
            prop_assert!(fix::apply_all(&fixed, registry(), &settings, Applicability::Unsafe).is_none(), "{}", fixed.text());
            let lost = lost_comments(&source, &fixed, &settings);
            prop_assert!(lost.is_empty(), "{lost:?}: {}", fixed.text());
        }
    }
}

/// All rules, or a few of those with a fix.
pub(crate) fn any_selection() -> impl Strategy<Value = Selection> {
    let fixable: Vec<&'static str> = registry()
        .iter()
        .filter(|(_, page)| page.fix.is_some())
        .map(|(_, page)| page.name)
        .collect();
    prop_oneof![
        Just(Selection::ALL),
        proptest::collection::btree_set(proptest::sample::select(fixable), 1..6)
            .prop_map(Selection::Only),
    ]
}

/// The comments that fixes have removed, except those that findings are about.
fn lost_comments(source: &Source, fixed: &Source, settings: &Settings) -> Vec<String> {
    let findings = lint(source, registry(), settings);
    let mut lost = Vec::new();
    for comment in &parse(source).comments {
        let is_subject = findings
            .iter()
            .filter_map(Finding::span)
            .any(|span| comment.span.start <= span.start && span.start <= comment.span.end);
        let text = source.slice(comment.span).trim();
        // A comment may have nothing left to suppress.
        if comment.text.starts_with("jettison") {
            continue;
        }
        if !is_subject && !fixed.text().lines().any(|line| line.trim() == text) {
            lost.push(text.to_owned());
        }
    }
    lost
}
