//! Applies fixes: byte-precise edits that leave all other bytes unchanged.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::finding::{Applicability, Edit, Finding, Fix};
use super::{Registry, Settings, lint};
use crate::dockerfile::{self, Body, Dockerfile};
use crate::source::{Source, Span};

/// Maximum number of passes of fixing and linting again. A pass applies the fixes of one rule to an
/// instruction, and inserts a line in one place; real files need only a few.
const PASSES: usize = 200;
/// Bytes of the texts of all passes over a file together, each of which is linted, but at least
/// `LEAST_PASSES`: a large file takes two seconds for each.
const PASS_BYTES: usize = 1 << 20;
const LEAST_PASSES: usize = 2;

/// A text after fixes were applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    pub bytes: Vec<u8>,
    /// The rules of the fixed findings, one entry for each.
    pub rules: Vec<&'static str>,
}

/// The passes over one file. Each receives the text that the previous pass produced.
#[derive(Debug, Default)]
pub struct Passes {
    /// The texts before each pass.
    texts: Vec<Vec<u8>>,
    is_cut_short: bool,
}

impl Passes {
    /// Applies the next fixes. `None` if there are none, or if they would only undo earlier ones.
    pub fn next(
        &mut self,
        source: &Source,
        findings: &[Finding],
        max: Applicability,
    ) -> Option<Fixed> {
        if self.is_over() {
            self.is_cut_short = apply(source, findings, max).is_some();
            return None;
        }
        let fixed = apply(source, findings, max)?;
        self.texts.push(source.bytes().to_owned());
        // From a text that was there before, the same fixes would lead in a circle.
        if self.texts.contains(&fixed.bytes) {
            return None;
        }
        Some(fixed)
    }

    /// Whether no pass follows.
    pub fn is_over(&self) -> bool {
        let bytes: usize = self.texts.iter().map(Vec::len).sum();
        self.texts.len() >= PASSES || (bytes > PASS_BYTES && self.texts.len() >= LEAST_PASSES)
    }

    /// Whether there are more fixes than passes.
    pub fn is_cut_short(&self) -> bool {
        self.is_cut_short
    }
}

/// Applies the fixes up to the applicability `max` that do not touch each other; the next pass
/// applies the others. `None` if there is nothing to apply.
///
/// Fixes of different rules for one instruction are never applied together. Each of them was
/// created for the original instruction and may contradict another one, such as a cache mount and
/// an option that keeps the cache empty. Nor are two fixes of a rule that insert the same line in
/// a stage or in stages based on each other, because an instruction such as SHELL or ENV often also
/// applies at the second place.
pub fn apply(source: &Source, findings: &[Finding], max: Applicability) -> Option<Fixed> {
    let mut edits: Vec<&Edit> = Vec::new();
    let mut rules = Vec::new();
    let mut owners = Owners::default();
    let mut lines: BTreeSet<(&str, usize, &str)> = BTreeSet::new();
    for finding in findings {
        let Some(fix) = &finding.fix else {
            continue;
        };
        if fix.applicability > max || fix.edits.is_empty() {
            continue;
        }
        let inserted: Vec<(&str, usize, &str)> = fix
            .edits
            .iter()
            .filter_map(|edit| {
                let line = inserted_line(edit)?;
                Some((finding.rule, owners.family(source, edit.span.start), line))
            })
            .collect();
        let is_repeated = inserted.iter().any(|line| lines.contains(line));
        // Half a fix may be worse than none.
        if !is_repeated
            && fix.edits.iter().all(|edit| fits(edit, &edits, source))
            && owners.admit(source, fix, finding.rule)
        {
            rules.push(finding.rule);
            lines.extend(inserted);
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
    let mut passes = Passes::default();
    loop {
        let current = fixed.as_ref().unwrap_or(source);
        let findings = find(current);
        let Some(next) = passes.next(current, &findings, max) else {
            return fixed;
        };
        fixed = Some(Source::new(source.name(), next.bytes));
    }
}

/// The rules that change an instruction in a pass.
#[derive(Debug, Default)]
struct Owners {
    /// Parsed when the first fix is applied: most files have nothing to fix.
    dockerfile: Option<Dockerfile>,
    /// The offset of each `FROM`, with the family of its stage.
    families: Vec<(usize, usize)>,
    /// By the index of the instruction.
    rules: BTreeMap<usize, &'static str>,
}

impl Owners {
    /// Takes the instructions of a fix for its rule; `false` if one of them is another rule's.
    fn admit(&mut self, source: &Source, fix: &Fix, rule: &'static str) -> bool {
        let dockerfile = self.parsed(source);
        let touched: Vec<usize> = fix
            .edits
            .iter()
            .flat_map(|edit| touched(dockerfile, edit.span))
            .collect();
        for index in &touched {
            if self.rules.get(index).is_some_and(|owner| *owner != rule) {
                return false;
            }
        }
        self.rules
            .extend(touched.into_iter().map(|index| (index, rule)));
        true
    }

    /// The family of the stage at an offset.
    fn family(&mut self, source: &Source, offset: usize) -> usize {
        self.parsed(source);
        let above = self.families.partition_point(|(from, _)| *from < offset);
        match above.checked_sub(1) {
            Some(stage) => self.families[stage].1,
            None => 0,
        }
    }

    fn parsed(&mut self, source: &Source) -> &Dockerfile {
        if self.dockerfile.is_none() {
            let dockerfile = dockerfile::parse(source);
            self.families = families(&dockerfile);
            self.dockerfile = Some(dockerfile);
        }
        self.dockerfile.as_ref().expect("it was just parsed")
    }
}

/// The offset of each `FROM`, with a number that stages share if one is the base of the other, from
/// which it inherits variables and the shell.
fn families(dockerfile: &Dockerfile) -> Vec<(usize, usize)> {
    let mut families = Vec::new();
    let mut by_name: HashMap<String, usize> = HashMap::new();
    let mut has_variable = false;
    for instruction in &dockerfile.instructions {
        let Body::From { image, alias } = &instruction.body else {
            continue;
        };
        let base = image.text.as_str();
        has_variable |= base.contains('$');
        let family = match by_name.get(&base.to_ascii_lowercase()) {
            Some(&family) => family,
            None => families.len(),
        };
        if let Some(alias) = alias {
            by_name.insert(alias.text.as_str().to_ascii_lowercase(), family);
        }
        families.push((instruction.span.start, family));
    }
    // A variable may be the name of any stage.
    if has_variable {
        families.clear();
    }
    families
}

/// The instructions that an edit changes, by index. One that only meets the edit counts: the text
/// after the last word of an instruction is the place for more words.
fn touched(dockerfile: &Dockerfile, edit: Span) -> std::ops::Range<usize> {
    let all = &dockerfile.instructions;
    let first = all.partition_point(|instruction| instruction.span.end < edit.start);
    // A removed line ends where the next instruction starts, which stays as it is.
    let end = all.partition_point(|instruction| {
        let start = instruction.span.start;
        start < edit.end || edit.is_empty() && start == edit.start
    });
    first..end.max(first)
}

/// The text of an edit that inserts whole lines.
fn inserted_line(edit: &Edit) -> Option<&str> {
    let line = edit.replacement.trim();
    let starts_line = edit.replacement.starts_with(['\n', '\r']);
    let is_line = starts_line || edit.replacement.ends_with('\n');
    if edit.span.is_empty() && is_line && !line.is_empty() {
        Some(line)
    } else {
        None
    }
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
            .map(|&(start, end, text)| Edit::replace(Span::new(start, end), text))
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
    fn bytes_outside_the_edits_are_unchanged() {
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
    fn overlapping_fixes_are_resolved_in_favor_of_the_first() {
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
    fn only_one_rule_edits_an_instruction_in_a_pass() {
        let source = Source::new("Dockerfile", "RUN a\nRUN b\n");
        let of = |rule, at, text| Finding {
            rule,
            ..finding(Applicability::Safe, &[(at, at, text)])
        };
        let findings = [of("x", 3, " 1"), of("y", 5, " 2"), of("y", 9, " 3")];
        let fixed = apply(&source, &findings, Applicability::Safe);
        assert_eq!(
            fixed,
            Some(Fixed {
                bytes: b"RUN 1 a\nRUN 3 b\n".to_vec(),
                rules: vec!["x", "y"]
            })
        );
    }

    #[test]
    fn identical_insertions_are_applied_once_in_a_pass() {
        let source = Source::new("Dockerfile", "FROM a\nRUN b\nRUN c\n");
        let findings = [
            finding(Applicability::Safe, &[(7, 7, "ENV x=1\n")]),
            finding(Applicability::Safe, &[(13, 13, "ENV x=1\n")]),
            finding(Applicability::Safe, &[(18, 18, "\nENV y=1")]),
        ];
        let fixed = apply(&source, &findings, Applicability::Safe);
        assert_eq!(
            fixed.map(|fixed| fixed.bytes).as_deref(),
            Some(&b"FROM a\nENV x=1\nRUN b\nRUN c\nENV y=1\n"[..])
        );
    }

    /// A text of stages, with a line inserted after each `FROM`, and what a pass makes of it.
    fn after_a_pass(froms: &[&str]) -> Vec<String> {
        let text = froms.join("\n") + "\n";
        let mut findings = Vec::new();
        let mut at = 0;
        for from in froms {
            at += from.len();
            findings.push(finding(Applicability::Safe, &[(at, at, "\nSHELL x")]));
            at += 1;
        }
        let source = Source::new("Dockerfile", text);
        let fixed = apply(&source, &findings, Applicability::Safe).unwrap();
        let text = String::from_utf8(fixed.bytes).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_line_is_inserted_in_all_stages_that_do_not_inherit_it_in_one_pass() {
        for (froms, inserted) in [
            (&["FROM a", "FROM a", "FROM scratch"][..], 3),
            (&["FROM a AS x", "FROM b AS a", "FROM c"], 3),
            (&["FROM a AS x", "FROM x", "FROM b"], 2),
            (&["FROM a AS x", "FROM X AS y", "FROM y"], 1),
            (&["FROM a AS x", "FROM $y", "FROM b"], 1),
        ] {
            let lines = after_a_pass(froms);
            let count = lines.iter().filter(|line| *line == "SHELL x").count();
            assert_eq!(count, inserted, "{lines:?}");
        }
    }

    #[test]
    fn the_passes_over_a_large_file_are_limited_by_its_size() {
        for (length, expected) in [(10, PASSES), (400 << 10, 3), (2 << 20, LEAST_PASSES)] {
            let mut passes = Passes::default();
            let mut text = "x".repeat(length).into_bytes();
            let mut count = 0;
            loop {
                let source = Source::new("Dockerfile", std::mem::take(&mut text));
                let findings = [finding(Applicability::Safe, &[(0, 0, "a")])];
                let Some(fixed) = passes.next(&source, &findings, Applicability::Safe) else {
                    break;
                };
                text = fixed.bytes;
                count += 1;
            }
            assert_eq!((count, passes.is_cut_short()), (expected, true), "{length}");
        }
    }

    #[test]
    fn fixes_that_undo_each_other_stop_after_one_round() {
        let source = Source::new("Dockerfile", "RUN a\n");
        let fixed = apply_all_of(&source, Applicability::Safe, |source| {
            let other = if source.text().contains('a') {
                "b"
            } else {
                "a"
            };
            vec![finding(Applicability::Safe, &[(4, 5, other)])]
        });
        assert_eq!(
            fixed.map(|fixed| fixed.text().to_owned()).as_deref(),
            Some("RUN b\n")
        );
    }

    #[test]
    fn an_unsafe_fix_is_applied_only_on_request() {
        let source = Source::new("Dockerfile", "abc");
        let findings = [finding(Applicability::Unsafe, &[(0, 1, "X")])];
        assert_eq!(apply(&source, &findings, Applicability::Safe), None);
        let fixed = apply(&source, &findings, Applicability::Unsafe);
        assert_eq!(fixed.map(|fixed| fixed.bytes).as_deref(), Some(&b"Xbc"[..]));
    }
}
