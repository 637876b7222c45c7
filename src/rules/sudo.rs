//! `sudo`: sudo is used in the build, or is in the image.

use crate::dockerfile::ShellWord;
use crate::lint::facts::{Step, User};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, ImageContext, Rule};
use crate::paths::file_name;
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "sudo",
    page: include_str!("../../rules/lint/sudo.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: None,
};

/// The message, which is the same for a script and an exec form.
const MESSAGE: &str = "`sudo` is used in the build";

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let step = &cx.facts.steps[run.step];
        let Some(script) = &run.script else {
            // An exec form has no words to remove.
            for call in run.calls.iter().filter(|call| call.name == "sudo") {
                findings.add(call.name_span, MESSAGE);
            }
            continue;
        };
        let mut last = None;
        for call in &run.calls {
            if call.name != "sudo" && !call.via.iter().any(|via| via == "sudo") {
                continue;
            }
            let Some(command) = call.command else {
                continue;
            };
            // `sudo xargs rm` is one command with several calls.
            if last.replace(command) == Some(command) {
                continue;
            }
            let words = &script.commands[command].words;
            // In `bash -c 'sudo …'`, the word is part of another word.
            let Some(sudo) = words.iter().position(is_sudo) else {
                continue;
            };
            let report = findings.add(words[sudo].span, MESSAGE);
            if runs_as_root(cx, step)
                && let Some(fix) = fix(cx, step, &words[sudo..])
            {
                report.fix(fix);
            }
        }
    }
}

/// Whether a word is the program `sudo`.
fn is_sudo(word: &ShellWord) -> bool {
    word.literal().is_some_and(|name| file_name(name) == "sudo")
}

/// Removes `sudo` and its options. `-E`, `-H` and `-n` have no effect for root without variables of
/// its own; other options have effects that only sudo has.
fn fix(cx: &DockerfileContext<'_>, step: &Step<'_>, words: &[ShellWord]) -> Option<Fix> {
    let options: Vec<&str> = words[1..]
        .iter()
        .map_while(|word| match word.literal() {
            Some(option @ ("-E" | "-H" | "-n")) => Some(option),
            _ => None,
        })
        .collect();
    let program = words.get(1 + options.len())?;
    if program.raw.starts_with('-') {
        return None;
    }
    let edit = Edit::remove(Span::new(words[0].span.start, program.span.start));
    let applicability = if changes_environment(cx, step, &options) {
        Applicability::Unsafe
    } else {
        Applicability::Safe
    };
    Some(Fix::new("remove `sudo`", applicability, vec![edit]))
}

/// Whether a program has other variables without `sudo`, which drops those of ENV and ARG and sets
/// `HOME` and `PATH` itself.
fn changes_environment(cx: &DockerfileContext<'_>, step: &Step<'_>, options: &[&str]) -> bool {
    let declared = cx.facts.declared(step);
    if !options.contains(&"-E") {
        return !declared.is_empty();
    }
    // `secure_path` in `sudoers` applies with `-E` too.
    declared.contains(&"PATH") || options.contains(&"-H") && declared.contains(&"HOME")
}

/// Whether a step is known to run as root, because of a USER or the base image.
fn runs_as_root(cx: &DockerfileContext<'_>, step: &Step<'_>) -> bool {
    let name = match &step.user {
        Some(user) => user.name.as_deref(),
        None => step
            .stage
            .and_then(|stage| cx.facts.stages[stage].known)
            .and_then(|known| known.user.as_deref()),
    };
    name.is_some_and(User::is_root)
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    // Only the program matters here, not the package that it comes from.
    for name in cx.programs(["sudo", "doas"]) {
        let path = cx.path(name);
        findings.add(cx.at_file(name), format!("`{path}` lets users become root"));
    }
}
