//! `shell-replaced-by-link`: `/bin/sh` is replaced by a command instead of SHELL.

use crate::knowledge::ProgramClass;
use crate::lint::facts::{Call, Run};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::paths::file_name;

pub(super) const RULE: Rule = Rule {
    name: "shell-replaced-by-link",
    page: include_str!("../../rules/lint/shell-replaced-by-link.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// The paths of the system's shell; one is usually a link to the other.
const SH: [&str; 2] = ["/bin/sh", "/usr/bin/sh"];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (run, call) in cx.facts.calls() {
        // The last operand is the destination.
        let is_written = call.words().last().is_some_and(|word| SH.contains(&word));
        if !is_written || !matches!(call.name.as_str(), "ln" | "mv" | "cp") {
            continue;
        }
        let message = "`/bin/sh` is replaced for every program in the image";
        let report = findings.add(call.span, message);
        if let Some(fix) = fix(cx, run, call) {
            report.fix(fix);
        }
    }
}

/// Whether a word is the absolute path of a shell.
fn is_shell_path(word: &str) -> bool {
    word.starts_with('/') && ProgramClass::Shell.contains(file_name(word))
}

/// Replaces a RUN that does nothing else with a SHELL.
fn fix(cx: &DockerfileContext<'_>, run: &Run<'_>, call: &Call) -> Option<Fix> {
    let step = &cx.facts.steps[run.step];
    let mut paths = call.words().filter(|word| !word.starts_with('-'));
    let shell = paths.next()?;
    // `mv` and `cp` also change or remove a file.
    if !is_shell_path(shell) || run.calls.len() != 1 || step.onbuild || call.name != "ln" {
        return None;
    }
    let edit = Edit::replace(step.span, format!("SHELL [\"{shell}\", \"-c\"]"));
    Some(Fix::marked_unsafe("use `SHELL`", [edit]))
}
