//! `apt-lists-left`: the lists that `apt-get update` fetches stay in a layer.

use std::collections::HashMap;

use crate::dockerfile::{Command, Script};
use crate::lint::facts::packages::{Action, understand};
use crate::lint::facts::{Call, Facts, Run, deletes};
use crate::lint::{Applicability, Context, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "apt-lists-left",
    page: include_str!("../../rules/lint/apt-lists-left.md"),
    check,
};

const LISTS: &str = "/var/lib/apt/lists";
const CACHE: &str = "/var/cache/apt";

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let kept_downloads = stages_that_keep_downloads(cx.facts);
    let last_bare_install = last_install_without_update(cx.facts);
    for run in cx
        .facts
        .runs()
        .iter()
        .filter(|run| ends_in_the_image(cx.facts, run))
    {
        let Some(update) = run
            .calls
            .iter()
            .rposition(|call| is_apt(call, Action::Update))
        else {
            continue;
        };
        if !run.keeps_out(LISTS) {
            if !run.calls[update..].iter().any(|call| deletes(call, LISTS)) {
                let report = findings.add(
                    run.calls[update].span,
                    format!("the package lists stay in the layer, below `{LISTS}`"),
                );
                let leaves_none = last_bare_install.is_some_and(|install| install > run.step);
                if let Some(fix) = fix(cx, run, leaves_none) {
                    report.fix(fix);
                }
            }
        } else if let Some(install) = run.calls.iter().find(|call| is_apt(call, Action::Install)) {
            let keeps = ancestors(cx.facts, run)
                .any(|stage| kept_downloads.get(&stage).is_some_and(|&at| at <= run.step));
            if keeps && !run.keeps_out(CACHE) && !run.calls.iter().any(|call| deletes(call, CACHE))
            {
                findings.add(
                    install.span,
                    format!("the downloaded packages stay in the layer, below `{CACHE}`"),
                );
            }
        }
    }
}

fn is_apt(call: &Call, action: Action) -> bool {
    understand(call).is_some_and(|call| call.manager.name == "apt" && call.action == action)
}

/// Whether a layer is one of the image's: of the final stage or those it is built on, or of whoever
/// builds on it.
pub(super) fn ends_in_the_image(facts: &Facts<'_>, run: &Run<'_>) -> bool {
    let step = &facts.steps[run.step];
    let final_stage = facts.final_stage().map(|stage| stage.index);
    let within = |stage| {
        final_stage.is_some_and(|last| facts.ancestry(last).any(|ancestor| ancestor.index == stage))
    };
    step.onbuild || step.stage.is_none_or(within)
}

fn ancestors<'f>(facts: &'f Facts<'_>, run: &Run<'_>) -> impl Iterator<Item = Option<usize>> + 'f {
    let stage = facts.steps[run.step].stage;
    let stages = stage
        .into_iter()
        .flat_map(|stage| facts.ancestry(stage))
        .map(|stage| Some(stage.index));
    stages.chain(std::iter::once(None).filter(move |_| stage.is_none()))
}

/// Debian's images delete downloads after each install, by `docker-clean`; where a stage takes that
/// away, and when.
fn stages_that_keep_downloads(facts: &Facts<'_>) -> HashMap<Option<usize>, usize> {
    let mut stages = HashMap::new();
    for run in facts.runs() {
        let removes = |call: &Call| {
            (call.name == "rm" && call.words().any(|word| word.ends_with("/docker-clean")))
                || call
                    .arguments
                    .iter()
                    .any(|argument| argument.raw.contains("Keep-Downloaded-Packages"))
        };
        if run.calls.iter().any(removes) {
            stages
                .entry(facts.steps[run.step].stage)
                .or_insert(run.step);
        }
    }
    stages
}

/// The last RUN that installs from the lists of an earlier one.
fn last_install_without_update(facts: &Facts<'_>) -> Option<usize> {
    let bare = |run: &&Run<'_>| {
        let first = |action| run.calls.iter().position(|call| is_apt(call, action));
        first(Action::Install)
            .is_some_and(|install| first(Action::Update).is_none_or(|update| update > install))
    };
    facts.runs().iter().rfind(bare).map(|run| run.step)
}

fn fix(cx: &Context<'_>, run: &Run<'_>, later_installs: bool) -> Option<Fix> {
    let edit = append(cx, run, &format!("rm -rf {LISTS}/*"))?;
    // A later RUN that installs without an update of its own lives on these lists.
    let applicability = if later_installs {
        Applicability::Unsafe
    } else {
        Applicability::Safe
    };
    Some(Fix::new(
        "delete them in the same `RUN`",
        applicability,
        vec![edit],
    ))
}

/// A command at the end of a RUN; not where what follows the last call would take the words for its
/// own.
pub(super) fn append(cx: &Context<'_>, run: &Run<'_>, command: &str) -> Option<Edit> {
    let (Command::Shell(script), Some(parsed)) = (run.command, &run.script) else {
        return None;
    };
    if !parsed.errors.is_empty() {
        return None;
    }
    match cx.facts.steps[run.step].instruction.heredocs.as_slice() {
        [] => append_to_list(cx, script, run.calls.last()?.span, command),
        [heredoc]
            if !heredoc.end.is_empty()
                && heredoc
                    .body
                    .contains(Span::at(script.text.source_offset(0))) =>
        {
            let last = parsed.commands.last()?;
            if parsed.options_of(last, run.options).errexit {
                let replacement = format!("{command}{}", cx.line_break());
                return Some(Edit {
                    span: Span::at(heredoc.body.end),
                    replacement,
                });
            }
            // A line of its own would hide that the one before it has failed.
            let end = end_of_list(cx, script, run.calls.last()?.span)?;
            Some(Edit {
                span: Span::at(end),
                replacement: format!(" && {command}"),
            })
        }
        _ => None,
    }
}

/// Where a script ends; `None` where something follows its last call that would take more words for
/// its own.
fn end_of_list(cx: &Context<'_>, script: &Script, last: Span) -> Option<usize> {
    let text = script.text.as_str().trim_end();
    let end = script.text.source_span(0, text.len()).end;
    let tail = cx
        .source
        .slice(Span::new(last.end.min(end), end))
        .replace("2>&1", "");
    (!tail.contains(['#', ';', '&', '|', '\n', '`', '"', '\''])).then_some(end)
}

/// ` && command` after the last call, on a line of its own where the RUN has several.
fn append_to_list(cx: &Context<'_>, script: &Script, last: Span, command: &str) -> Option<Edit> {
    let end = end_of_list(cx, script, last)?;
    let instruction = cx
        .source
        .slice(Span::new(script.text.source_offset(0), end));
    let replacement = if instruction.contains('\n') {
        let line = cx.source.line_span(cx.source.line(end));
        let line = cx.source.slice(line);
        let indent = &line[..line.len() - line.trim_start().len()];
        format!(
            " {}{}{indent}&& {command}",
            cx.dockerfile.escape,
            cx.line_break()
        )
    } else {
        format!(" && {command}")
    };
    Some(Edit {
        span: Span::at(end),
        replacement,
    })
}
