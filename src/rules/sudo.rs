//! `sudo`: a RUN calls sudo.

use crate::dockerfile::ShellScript;
use crate::lint::facts::{Call, Run, Step, User};
use crate::lint::{Applicability, Context, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule { name: "sudo", page: include_str!("../../rules/lint/sudo.md"), check };

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let step = &cx.facts.steps[run.step];
        for call in run.calls.iter().filter(|call| call.name == "sudo") {
            let report = findings.add(call.name_span, "`sudo` is called in the build");
            if let Some(fix) = fix(cx, run, step, call) {
                report.fix(fix);
            }
        }
    }
}

/// Root needs no sudo: the word goes. What other users may do with it cannot be done without.
fn fix(cx: &Context<'_>, run: &Run<'_>, step: &Step<'_>, call: &Call) -> Option<Fix> {
    let _: &ShellScript = run.script.as_ref()?;
    // Options change more than the user; `-E` and `-H` say what holds anyhow.
    let program = call.arguments.iter().find(|argument| !matches!(argument.single(), Some("-E" | "-H" | "-n")))?;
    let is_plain = !program.raw.starts_with('-') && call.arguments.iter().all(|argument| argument.span.start >= call.name_span.end);
    if !is_plain || !runs_as_root(cx, step) {
        return None;
    }
    let edit = Edit { span: Span::new(call.name_span.start, program.span.start), replacement: String::new() };
    Some(Fix::new("call the program itself", Applicability::Safe, vec![edit]))
}

fn runs_as_root(cx: &Context<'_>, step: &Step<'_>) -> bool {
    match &step.user {
        Some(user) => user.name.as_deref().is_some_and(User::is_root),
        None => {
            let known = step.stage.and_then(|stage| cx.facts.stages[stage].known);
            known.and_then(|known| known.user.as_deref()).is_some_and(User::is_root)
        }
    }
}
