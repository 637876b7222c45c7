//! `cd-in-run`: a directory is changed by hand where WORKDIR says it.

use crate::lint::facts::Run;
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule { name: "cd-in-run", page: include_str!("../../rules/lint/cd-in-run.md"), check };

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let Some(at) = only_cd(run) else { continue };
        let call = &run.calls[at];
        let Some(target) = call.arguments.iter().find(|argument| !argument.raw.starts_with('-')) else { continue };
        // What this RUN makes is not there yet where a WORKDIR could stand.
        let name = target.raw.trim_matches(['"', '\'', '/']).rsplit('/').next().unwrap_or_default();
        let made = run.calls[..at].iter().flat_map(|call| &call.arguments).any(|argument| argument.raw.contains(name));
        if !made || name.is_empty() {
            findings.add(call.span, "`cd` in a `RUN` holds for this `RUN` only");
        }
    }
}

/// The `cd` that stays in force: the only one of the script, outside of subshells and branches.
fn only_cd(run: &Run<'_>) -> Option<usize> {
    let script = run.script.as_ref()?;
    let mut all =
        run.calls.iter().enumerate().filter(|(_, call)| matches!(call.name.as_str(), "cd" | "pushd" | "popd"));
    let (at, call) = all.next().filter(|(_, call)| call.name == "cd")?;
    let position = script.commands.get(call.command?)?.position;
    (all.next().is_none() && !position.subshell && !position.conditional).then_some(at)
}
