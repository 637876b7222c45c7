//! `copy-then-chmod`: a RUN changes the mode or the owner of copied files, which stores them again.

use std::collections::BTreeMap;

use super::support::copies::{absolute_path, copied_files, looks_like_file};
use super::support::rewrite::remove_lines;
use super::support::run_as_add::{consists_of, plain_arguments};
use crate::dockerfile::{Body, Kind};
use crate::lint::facts::{Call, Run, Step};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "copy-then-chmod",
    page: include_str!("../../rules/lint/copy-then-chmod.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // Layers of builder stages are not pushed, so a second copy costs little.
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let mut copied: BTreeMap<String, &Step<'_>> = BTreeMap::new();
    for step in cx.facts.steps_of(stage).iter().filter(|step| !step.onbuild) {
        for (path, _) in copied_files(cx.facts, step) {
            copied.insert(path, step);
        }
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
                .find_map(|target| changed_copy(&copied, step, target, change.recursive));
            let Some(copy) = found else { continue };
            // If the flag is already used, a different mode or owner was intended for some of the
            // files.
            if copy.flag(change.flag).is_none() {
                report(cx, findings, run, call, &change, copy);
            }
        }
    }
}

/// The COPY of a file that a target is, or that is below it if the change is recursive.
fn changed_copy<'c, 'a>(
    copied: &BTreeMap<String, &'c Step<'a>>,
    step: &Step<'_>,
    target: &str,
    recursive: bool,
) -> Option<&'c Step<'a>> {
    let path = absolute_path(step, target)?;
    if let Some(&copy) = copied.get(&path) {
        return Some(copy);
    }
    // The files of the root directory are those of the base image as well.
    if !recursive || path == "/" {
        return None;
    }
    // Files below it follow it in the order of the map.
    let below = format!("{}/", path.trim_end_matches('/'));
    let (file, &copy) = copied.range(below.clone()..).next()?;
    if file.starts_with(&below) {
        Some(copy)
    } else {
        None
    }
}

/// Reports a call that changes files which a COPY added, with the flag of COPY as a fix.
fn report(
    cx: &DockerfileContext<'_>,
    findings: &mut Findings,
    run: &Run<'_>,
    call: &Call,
    change: &Change<'_>,
    copy: &Step<'_>,
) {
    let step = &cx.facts.steps[run.step];
    let keyword = &copy.instruction.keyword;
    let message = format!(
        "`{}` stores a second copy of files from `{}`",
        call.name, keyword.text
    );
    let report = findings
        .add(call.span, message)
        .label(keyword.span, "added here");
    // The RUN can be removed only if it does nothing else and no step in between can need the old
    // mode.
    let is_next = copy.index + 1 == step.index && consists_of(cx, run, 1);
    // A directory may contain other files, which the flag of COPY would not change.
    let is_same = change
        .targets
        .iter()
        .all(|target| is_copied_as(cx, copy, step, target));
    if !is_next
        || !is_same
        || plain_arguments(cx, run, call).is_none()
        || !has_one_source(copy)
        || change.targets.len() != 1
    {
        return;
    }
    let Some(removal) = remove_lines(cx, step.span) else {
        return;
    };
    let flag = Edit::insert(
        keyword.span.end,
        format!(" --{}={}", change.flag, change.value),
    );
    report.fix(Fix::new(
        format!("use `{} --{}`", keyword.text, change.flag),
        change.applicability(),
        vec![flag, removal],
    ));
}

/// The arguments of a `chmod` or `chown`.
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
        let mut recursive = false;
        let mut words = Vec::new();
        for word in call.words() {
            match word {
                "-R" | "--recursive" => recursive = true,
                // These only affect the output.
                "-v" | "-f" | "-c" => {}
                // Another option, or a mode such as `-x`, which depends on the previous mode.
                _ if word.starts_with('-') => return None,
                _ => words.push(word),
            }
        }
        let (&value, targets) = words.split_first()?;
        Some(Self {
            flag,
            value,
            targets: targets.to_vec(),
            recursive,
        })
    }

    /// The applicability of a fix: safe for an octal mode of a single file, because the result is
    /// the same. The mode of a directory would apply to its files too.
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

/// Whether a target is a path that a COPY adds, and not a directory above it.
fn is_copied_as(
    cx: &DockerfileContext<'_>,
    copy: &Step<'_>,
    step: &Step<'_>,
    target: &str,
) -> bool {
    let target = absolute_path(step, target);
    copied_files(cx.facts, copy)
        .into_iter()
        .any(|(path, _)| Some(path) == target)
}

/// Whether a COPY has one source, so that a flag of it affects nothing else.
fn has_one_source(step: &Step<'_>) -> bool {
    matches!(&step.instruction.body, Body::Transfer { sources, .. } if sources.len() == 1)
        && matches!(step.kind(), Kind::Copy | Kind::Add)
}
