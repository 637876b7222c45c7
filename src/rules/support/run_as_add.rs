//! Code for rules that replace a RUN with an equivalent ADD or COPY.

use crate::dockerfile::Command;
use crate::lint::DockerfileContext;
use crate::lint::facts::{Call, Run, User};

/// The arguments of a call in a form that is valid in an instruction.
///
/// `None` if an argument contains anything but plain characters and Dockerfile variables, because
/// the builder would parse it differently than the shell.
pub(in crate::rules) fn plain_arguments(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    call: &Call,
) -> Option<Vec<String>> {
    let step = &cx.facts.steps[run.step];
    let mut arguments = Vec::new();
    for argument in &call.arguments {
        let raw = argument.raw.as_str();
        let inner = raw
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap_or(raw);
        // A variable that is only set in the shell would be empty in an instruction.
        for name in variables(inner)? {
            if !cx.facts.is_declared(step, name) {
                return None;
            }
        }
        arguments.push(inner.to_owned());
    }
    Some(arguments)
}

/// The variables in a word that consists only of plain characters and variables.
fn variables(word: &str) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    for (index, piece) in word.split('$').enumerate() {
        let rest = match (index, piece.strip_prefix('{')) {
            // The text before the first `$`.
            (0, _) => piece,
            (_, Some(braced)) => {
                let (name, rest) = braced.split_once('}')?;
                names.push(name);
                rest
            }
            (_, None) => {
                let end = piece
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(piece.len());
                names.push(&piece[..end]);
                &piece[end..]
            }
        };
        if !is_plain(rest) && !rest.is_empty() {
            return None;
        }
    }
    // `${name:-default}` and a lone `$` are not names: only the shell understands them.
    for name in &names {
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return None;
        }
    }
    Some(names)
}

/// Whether a word is a literal both to a shell and to a builder.
pub(in crate::rules) fn is_plain(word: &str) -> bool {
    !word.is_empty()
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/._:@+~=,%&?-#".contains(c))
}

/// Whether a RUN consists of exactly this number of plain calls as root, without mounts, and with
/// no operators between them except pipes.
pub(in crate::rules) fn consists_of(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    calls: usize,
) -> bool {
    let Command::Shell(text) = run.command else {
        return false;
    };
    // Redirections, lists and substitutions have effects that an instruction cannot have.
    let has_operators = text
        .text
        .as_str()
        .contains(['<', '>', ';', '&', '(', '`', '!', '#']);
    !has_operators && has_only_calls(cx, run, calls)
}

/// Whether a RUN consists of exactly this number of plain calls as root. The operators between them
/// are not checked.
pub(in crate::rules) fn has_only_calls(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    calls: usize,
) -> bool {
    let step = &cx.facts.steps[run.step];
    let Some(script) = &run.script else {
        return false;
    };
    // COPY and ADD create files owned by root, regardless of USER.
    let is_root = step
        .user
        .as_ref()
        .is_none_or(|user| user.name.as_deref().is_some_and(User::is_root));
    // Each command must be a parsed call: an `if` or a loop contains commands that are not calls,
    // and `sudo` or an assignment changes the environment of a call.
    !step.onbuild
        && is_root
        && run.shell.is_posix()
        && step.instruction.flags.is_empty()
        && step.instruction.heredocs.is_empty()
        && script.errors.is_empty()
        && script.commands.len() == calls
        && run.calls.len() == calls
        && run.calls.iter().all(|call| call.via.is_empty())
        && script
            .commands
            .iter()
            .all(|command| command.assignments.is_empty())
}
