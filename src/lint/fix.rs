//! Applies fixes: byte-precise edits that leave all other bytes unchanged.

use super::finding::{Applicability, Edit, Finding};
use super::{Registry, Settings, lint};
use crate::source::Source;

/// Maximum number of passes of fixing and linting again. Fixes that undo each other must not loop
/// forever.
pub const PASSES: usize = 16;

/// A text after fixes were applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    pub bytes: Vec<u8>,
    /// The rules of the fixed findings, one entry for each.
    pub rules: Vec<&'static str>,
}

/// Applies the fixes up to the applicability `max` that do not overlap or touch; the others are
/// left for the next pass. `None` if there is nothing to apply.
pub fn apply(source: &Source, findings: &[Finding], max: Applicability) -> Option<Fixed> {
    let mut edits: Vec<&Edit> = Vec::new();
    let mut rules = Vec::new();
    for finding in findings {
        let Some(fix) = &finding.fix else {
            continue;
        };
        if fix.applicability > max || fix.edits.is_empty() {
            continue;
        }
        // A partially applied fix may be worse than none.
        if fix.edits.iter().all(|edit| fits(edit, &edits, source)) {
            rules.push(finding.rule);
            for edit in &fix.edits {
                let at = edits.partition_point(|known| known.span <= edit.span);
                edits.insert(at, edit);
            }
        }
    }
    if edits.is_empty() {
        return None;
    }
    Some(Fixed {
        bytes: edited(source.bytes(), &edits),
        rules,
    })
}

/// Lints and fixes until nothing changes any more; `None` if nothing changed at all.
pub fn apply_all(
    source: &Source,
    registry: &Registry,
    settings: &Settings,
    max: Applicability,
) -> Option<Source> {
    apply_all_of(source, max, |source| lint(source, registry, settings))
}

/// The same with findings from `find`, which is called with the text before each pass.
pub fn apply_all_of(
    source: &Source,
    max: Applicability,
    mut find: impl FnMut(&Source) -> Vec<Finding>,
) -> Option<Source> {
    let mut fixed: Option<Source> = None;
    for _ in 0..PASSES {
        let current = fixed.as_ref().unwrap_or(source);
        let findings = find(current);
        let Some(next) = apply(current, &findings, max) else {
            break;
        };
        fixed = Some(Source::new(source.name(), next.bytes));
    }
    fixed
}

/// Whether an edit is inside the text and touches none of `taken`, which is sorted. Adjacent edits
/// count as touching, because their order would be arbitrary.
fn fits(edit: &Edit, taken: &[&Edit], source: &Source) -> bool {
    let after = taken.partition_point(|known| known.span.start < edit.span.start);
    let clear_before = after
        .checked_sub(1)
        .is_none_or(|before| taken[before].span.end < edit.span.start);
    let clear_after = taken
        .get(after)
        .is_none_or(|next| edit.span.end < next.span.start);
    edit.span.end <= source.bytes().len() && clear_before && clear_after
}

fn edited(bytes: &[u8], edits: &[&Edit]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for edit in edits {
        text.extend_from_slice(&bytes[at..edit.span.start]);
        text.extend_from_slice(edit.replacement.as_bytes());
        at = edit.span.end;
    }
    text.extend_from_slice(&bytes[at..]);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::{Fix, Severity};
    use crate::source::Span;

    fn finding(applicability: Applicability, edits: &[(usize, usize, &str)]) -> Finding {
        let edits = edits
            .iter()
            .map(|&(start, end, text)| Edit {
                span: Span::new(start, end),
                replacement: text.into(),
            })
            .collect();
        Finding {
            rule: "x",
            code: None,
            severity: Severity::Info,
            message: String::new(),
            location: Span::at(0).into(),
            labels: Vec::new(),
            notes: Vec::new(),
            fix: Some(Fix::new("fix", applicability, edits)),
        }
    }

    #[test]
    fn bytes_outside_the_edits_stay() {
        let source = Source::new("Dockerfile", b"ADD caf\xe9 /x\r\n".to_vec());
        let fixed = apply(
            &source,
            &[finding(Applicability::Safe, &[(0, 3, "COPY")])],
            Applicability::Safe,
        );
        assert_eq!(
            fixed.map(|fixed| fixed.bytes).as_deref(),
            Some(&b"COPY caf\xe9 /x\r\n"[..])
        );
    }

    #[test]
    fn of_two_fixes_that_touch_the_first_is_taken() {
        let source = Source::new("Dockerfile", "abcdef");
        let findings = [
            finding(Applicability::Safe, &[(0, 2, "X"), (4, 5, "Y")]),
            finding(Applicability::Safe, &[(1, 3, "Z")]),
            finding(Applicability::Safe, &[(3, 4, "Q")]),
        ];
        let fixed = apply(&source, &findings, Applicability::Safe);
        assert_eq!(
            fixed,
            Some(Fixed {
                bytes: b"XcdYf".to_vec(),
                rules: vec!["x"]
            })
        );
    }

    #[test]
    fn an_unsafe_fix_waits_to_be_asked_for() {
        let source = Source::new("Dockerfile", "abc");
        let findings = [finding(Applicability::Unsafe, &[(0, 1, "X")])];
        assert_eq!(apply(&source, &findings, Applicability::Safe), None);
        let fixed = apply(&source, &findings, Applicability::Unsafe);
        assert_eq!(fixed.map(|fixed| fixed.bytes).as_deref(), Some(&b"Xbc"[..]));
    }
}
