//! `copy-then-chmod`: a RUN changes the mode or the owner of what a COPY brought, and so stores it
//! again.

use std::collections::HashMap;

use super::support::copies::{copied_files, full, looks_like_file};
use super::support::fetched::{Words, alone};
use super::support::rewrite::without;
use crate::dockerfile::{Body, Kind};
use crate::lint::facts::{Call, Step};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "copy-then-chmod",
    page: include_str!("../../rules/lint/copy-then-chmod.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let mut brought: HashMap<String, &Step<'_>> = HashMap::new();
    for step in cx.facts.steps_of(stage).iter().filter(|step| !step.onbuild) {
        brought.extend(
            copied_files(cx.facts, step)
                .into_iter()
                .map(|(path, _)| (path, step)),
        );
        let Some(run) = cx.facts.run_of(step) else {
            continue;
        };
        for call in &run.calls {
            let Some(change) = Change::of(call) else {
                continue;
            };
            let found = change
                .targets
                .iter()
                .find_map(|target| brought.get(&full(step, target)?));
            let Some(copy) = found.filter(|copy| copy.flag(change.flag).is_none()) else {
                continue;
            };
            let keyword = &copy.instruction.keyword;
            let message = format!(
                "`{}` stores a second copy of files from `{}`",
                call.name, keyword.text
            );
            let report = findings
                .add(call.span, message)
                .label(keyword.span, "added here");
            let is_next = copy.index + 1 == step.index && alone(cx, run, 1).is_some();
            let is_known = is_next
                && Words::of(cx, run, call).is_some()
                && brings_one(copy)
                && change.targets.len() == 1;
            if let Some(edit) = without(cx, step.span).filter(|_| is_known) {
                let flag = format!(" --{}={}", change.flag, change.value);
                let edits = vec![
                    Edit {
                        span: Span::at(keyword.span.end),
                        replacement: flag,
                    },
                    edit,
                ];
                report.fix(Fix::new(
                    format!("use the flag of `{}`", keyword.text),
                    change.applicability(),
                    edits,
                ));
            }
        }
    }
}

/// What `chmod` or `chown` is told.
struct Change<'c> {
    /// The flag of COPY that does the same.
    flag: &'static str,
    value: &'c str,
    targets: Vec<&'c str>,
    recursive: bool,
}

impl<'c> Change<'c> {
    fn of(call: &'c Call) -> Option<Self> {
        let flag = match call.name.as_str() {
            "chmod" => "chmod",
            "chown" => "chown",
            _ => return None,
        };
        let is_option = |word: &str| matches!(word, "-R" | "--recursive" | "-v" | "-f" | "-c");
        let recursive = call
            .words()
            .any(|word| matches!(word, "-R" | "--recursive"));
        let mut words = call.words().filter(|word| !is_option(word));
        let value = words.next()?;
        let targets: Vec<&str> = words.collect();
        let is_plain =
            !value.starts_with('-') && targets.iter().all(|target| !target.starts_with('-'));
        is_plain.then_some(Self {
            flag,
            value,
            targets,
            recursive,
        })
    }

    /// Of one file a mode in digits is the same however it is set. A folder's own is not that of
    /// its files.
    fn applicability(&self) -> Applicability {
        let is_octal = self.flag == "chmod"
            && self
                .value
                .chars()
                .all(|letter| ('0'..='7').contains(&letter));
        let is_file = self.targets.iter().all(|target| looks_like_file(target));
        if is_octal && is_file && !self.recursive {
            Applicability::Safe
        } else {
            Applicability::Unsafe
        }
    }
}

/// Whether a COPY has one source, so that a flag of it is for that one alone.
fn brings_one(step: &Step<'_>) -> bool {
    matches!(&step.instruction.body, Body::Transfer { sources, .. } if sources.len() == 1)
        && matches!(step.kind(), Kind::Copy | Kind::Add)
}
