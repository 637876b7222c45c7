//! `cd-in-run`: `cd` is used instead of WORKDIR.

use super::support::rewrite::line_before;
use crate::dockerfile::{Command, Kind};
use crate::lint::facts::{Call, Facts, Run, is_absolute};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "cd-in-run",
    page: include_str!("../../rules/lint/cd-in-run.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let Some(index) = only_cd(run) else { continue };
        let call = &run.calls[index];
        let Some(target) = call
            .arguments
            .iter()
            .find(|argument| !argument.raw.starts_with('-'))
        else {
            continue;
        };
        // If this RUN creates the directory itself, it does not exist yet where the WORKDIR would
        // have to be.
        let name = target
            .raw
            .trim_matches(['"', '\'', '/'])
            .rsplit('/')
            .next()
            .unwrap_or_default();
        let is_new = run.calls[..index]
            .iter()
            .flat_map(|call| &call.arguments)
            .any(|argument| argument.raw.contains(name));
        if !is_new || name.is_empty() {
            let report = findings.add(call.span, "`cd` has no effect after this `RUN`");
            if let Some(fix) = as_workdir(cx, run, call) {
                report.fix(fix);
            }
        }
    }
}

/// The index of the only `cd` of a script, if it is outside of subshells and branches.
///
/// If a script changes the directory several times, WORKDIR cannot replace that.
fn only_cd(run: &Run<'_>) -> Option<usize> {
    let script = run.script.as_ref()?;
    let mut all = run
        .calls
        .iter()
        .enumerate()
        .filter(|(_, call)| matches!(call.name.as_str(), "cd" | "pushd" | "popd"));
    let (index, call) = all.next()?;
    if call.name != "cd" || all.next().is_some() {
        return None;
    }
    let position = script.commands.get(call.command?)?.position;
    if position.subshell || position.conditional {
        return None;
    }
    Some(index)
}

/// A WORKDIR for `RUN cd /directory && …`, if the directory is a plain path.
fn as_workdir(cx: &DockerfileContext<'_>, run: &Run<'_>, call: &Call) -> Option<Fix> {
    let step = &cx.facts.steps[run.step];
    let Command::Shell(script) = run.command else {
        return None;
    };
    let [target] = call.arguments.as_slice() else {
        return None;
    };
    let is_plain = target
        .raw
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "/._-+".contains(c));
    let is_whole = is_plain && is_absolute(&target.raw) && call.via.is_empty();
    let is_first =
        script.text.source_offset(0) == call.span.start && step.instruction.heredocs.is_empty();
    if !is_whole || !is_first || step.onbuild {
        return None;
    }
    let blanks = [' ', '\t', '\r', '\n', cx.dockerfile.escape];
    let rest = cx.source.slice(Span::new(call.span.end, step.span.end));
    let after = rest.trim_start_matches(blanks).strip_prefix("&&")?;
    // A comment line after the operator would become the start of the script.
    let command = after.trim_start_matches(blanks);
    if after.trim_start().starts_with('#') || command.is_empty() {
        return None;
    }
    let start = step.span.end - command.len();
    let removal = Edit::remove(Span::new(call.span.start, start));
    // A second WORKDIR would say nothing new.
    let workdir = step
        .workdir
        .path
        .as_deref()
        .map(|path| path.trim_end_matches('/'));
    if workdir == Some(target.raw.trim_end_matches('/')) {
        let title = format!(
            "remove it: the working directory is already `{}`",
            target.raw
        );
        return Some(Fix::safe(title, [removal]));
    }
    let title = format!("use `WORKDIR {}`", target.raw);
    let edits = vec![
        line_before(cx, step, &format!("WORKDIR {}", target.raw)),
        removal,
    ];
    // WORKDIR also applies to later instructions, and creates the directory if it is missing.
    let applicability = if is_settled(cx.facts, run.step) {
        Applicability::Safe
    } else {
        Applicability::Unsafe
    };
    Some(Fix::new(title, applicability, edits))
}

/// Whether an absolute WORKDIR follows a step before anything that uses the working directory.
fn is_settled(facts: &Facts<'_>, index: usize) -> bool {
    let stage = facts.steps[index].stage;
    for step in &facts.steps[index + 1..] {
        if step.stage != stage {
            break;
        }
        match step.kind() {
            // These do not use the working directory.
            Kind::Arg
            | Kind::Env
            | Kind::Expose
            | Kind::Label
            | Kind::Stopsignal
            | Kind::User
            | Kind::Volume => {}
            Kind::Workdir => {
                let path = step.instruction.arguments.as_str();
                return !step.onbuild && is_absolute(path.trim_start_matches(['"', '\'']));
            }
            _ => return false,
        }
    }
    // The container starts in the last working directory of the stage, which the new WORKDIR would
    // change.
    false
}
