//! `cd-in-run`: `cd` is used instead of WORKDIR.

use crate::dockerfile::{Command, Kind};
use crate::lint::facts::{Call, Facts, Run, is_absolute};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "cd-in-run",
    page: include_str!("../../rules/lint/cd-in-run.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let Some(at) = only_cd(run) else { continue };
        let call = &run.calls[at];
        let Some(target) = call
            .arguments
            .iter()
            .find(|argument| !argument.raw.starts_with('-'))
        else {
            continue;
        };
        // What this RUN makes is not there yet where a WORKDIR could stand.
        let name = target
            .raw
            .trim_matches(['"', '\'', '/'])
            .rsplit('/')
            .next()
            .unwrap_or_default();
        let made = run.calls[..at]
            .iter()
            .flat_map(|call| &call.arguments)
            .any(|argument| argument.raw.contains(name));
        if !made || name.is_empty() {
            let report = findings.add(call.span, "`cd` in a `RUN` holds for this `RUN` only");
            if let Some(fix) = as_workdir(cx, run, call) {
                report.fix(fix);
            }
        }
    }
}

/// The `cd` that stays in force: the only one of the script, outside of subshells and branches.
fn only_cd(run: &Run<'_>) -> Option<usize> {
    let script = run.script.as_ref()?;
    let mut all = run
        .calls
        .iter()
        .enumerate()
        .filter(|(_, call)| matches!(call.name.as_str(), "cd" | "pushd" | "popd"));
    let (at, call) = all.next().filter(|(_, call)| call.name == "cd")?;
    let position = script.commands.get(call.command?)?.position;
    (all.next().is_none() && !position.subshell && !position.conditional).then_some(at)
}

/// A WORKDIR for `RUN cd /folder && …`, where the folder is plainly written.
fn as_workdir(cx: &DockerfileContext<'_>, run: &Run<'_>, call: &Call) -> Option<Fix> {
    let step = &cx.facts.steps[run.step];
    let Command::Shell(script) = run.command else {
        return None;
    };
    let [target] = call.arguments.as_slice() else {
        return None;
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    let is_whole =
        target.raw.chars().all(is_plain) && is_absolute(&target.raw) && call.via.is_empty();
    let is_first =
        script.text.source_offset(0) == call.span.start && step.instruction.heredocs.is_empty();
    let rest = cx.source.slice(Span::new(call.span.end, step.span.end));
    let skipped = |text: &str| {
        text.len()
            - text
                .trim_start_matches([' ', '\t', '\r', '\n', cx.dockerfile.escape])
                .len()
    };
    let operator = skipped(rest);
    let after = rest[operator..].strip_prefix("&&")?;
    let start = call.span.end + operator + 2 + skipped(after);
    if !is_whole
        || !is_first
        || step.onbuild
        || after.trim_start().starts_with('#')
        || start >= step.span.end
    {
        return None;
    }
    let title = format!("set it with `WORKDIR {}`", target.raw);
    let edits = vec![
        Edit {
            span: Span::at(step.span.start),
            replacement: format!("WORKDIR {}{}", target.raw, cx.line_break()),
        },
        Edit {
            span: Span::new(call.span.start, start),
            replacement: String::new(),
        },
    ];
    let applicability = if is_settled(cx.facts, run.step) {
        Applicability::Safe
    } else {
        Applicability::Unsafe
    };
    Some(Fix::new(title, applicability, edits))
}

/// Whether nothing after a step starts from the directory that is set there.
fn is_settled(facts: &Facts<'_>, at: usize) -> bool {
    let stage = facts.steps[at].stage;
    let mut later = facts.steps[at + 1..]
        .iter()
        .take_while(|step| step.stage == stage);
    let heedless = |kind| {
        matches!(
            kind,
            Kind::Arg
                | Kind::Env
                | Kind::Expose
                | Kind::Label
                | Kind::Stopsignal
                | Kind::User
                | Kind::Volume
        )
    };
    let next = later.find(|step| !heedless(step.kind()));
    next.is_some_and(|step| {
        let path = step.instruction.arguments.as_str();
        step.kind() == Kind::Workdir
            && !step.onbuild
            && is_absolute(path.trim_start_matches(['"', '\'']))
    })
}
