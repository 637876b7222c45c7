//! `sudo`: sudo is used in the build, or is in the image.

use crate::dockerfile::ShellWord;
use crate::lint::facts::{Step, User};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, ImageContext, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "sudo",
    page: include_str!("../../rules/lint/sudo.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

const MESSAGE: &str = "`sudo` is used in the build";

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let step = &cx.facts.steps[run.step];
        let Some(script) = &run.script else {
            for call in run.calls.iter().filter(|call| call.name == "sudo") {
                findings.add(call.name_span, MESSAGE);
            }
            continue;
        };
        let mut last = None;
        for call in run
            .calls
            .iter()
            .filter(|call| call.name == "sudo" || call.via.iter().any(|via| via == "sudo"))
        {
            // `sudo xargs rm` calls sudo once.
            let Some(at) = call.command.filter(|at| last.replace(*at) != Some(*at)) else {
                continue;
            };
            let words = &script.commands[at].words;
            let Some(sudo) = words.iter().position(is_sudo) else {
                continue;
            };
            let report = findings.add(words[sudo].span, MESSAGE);
            if runs_as_root(cx, step)
                && let Some(fix) = fix(&words[sudo..])
            {
                report.fix(fix);
            }
        }
    }
}

fn is_sudo(word: &ShellWord) -> bool {
    word.literal()
        .is_some_and(|name| name.rsplit('/').next() == Some("sudo"))
}

/// Removes the word, as root does not need sudo. `-E`, `-H` and `-n` change nothing for root; other
/// options do what only sudo can.
fn fix(words: &[ShellWord]) -> Option<Fix> {
    let program = words[1..]
        .iter()
        .find(|word| !matches!(word.literal(), Some("-E" | "-H" | "-n")))?;
    if program.raw.starts_with('-') {
        return None;
    }
    let edit = Edit {
        span: Span::new(words[0].span.start, program.span.start),
        replacement: String::new(),
    };
    Some(Fix::new("remove `sudo`", Applicability::Safe, vec![edit]))
}

fn runs_as_root(cx: &DockerfileContext<'_>, step: &Step<'_>) -> bool {
    let of_base = || {
        step.stage
            .and_then(|stage| cx.facts.stages[stage].known)?
            .user
            .as_deref()
    };
    let name = step
        .user
        .as_ref()
        .map_or_else(of_base, |user| user.name.as_deref());
    name.is_some_and(User::is_root)
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    for name in cx.programs(["sudo", "doas"]) {
        let path = cx.path(name);
        findings.add(cx.at_file(name), format!("`{path}` lets users become root"));
    }
}
