//! Properties of any text: rules do not panic, locations are inside the text, and fixed texts can
//! be parsed.

use jettison::dockerfile::parse;
use jettison::lint::{Applicability, Selection, Settings, examples, fix, lint};
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
    fn findings_and_fixes_lie_in_the_text(text in any_text()) {
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
    fn fixes_break_nothing_and_leave_nothing_to_fix(text in any_text()) {
        let source = Source::new("Dockerfile", text.as_str());
        let settings = Settings { select: Selection::ALL, ..Settings::default() };
        if let Some(fixed) = fix::apply_all(&source, registry(), &settings, Applicability::Unsafe) {
            prop_assert!(parse(&fixed).errors.len() <= parse(&source).errors.len(), "{}", fixed.text());
            prop_assert!(fix::apply_all(&fixed, registry(), &settings, Applicability::Unsafe).is_none(), "{}", fixed.text());
        }
    }
}
