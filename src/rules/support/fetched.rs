//! What the rules share that write an ADD or a COPY in the place of a RUN which does nothing else.

use crate::dockerfile::Command;
use crate::lint::DockerfileContext;
use crate::lint::facts::{Call, Run, User};

/// The arguments of a call as ADD can be given them.
pub(in crate::rules) struct Words(pub Vec<String>);

impl Words {
    /// None where a word is more than letters and variables of the Dockerfile.
    pub(in crate::rules) fn of(
        cx: &DockerfileContext<'_>,
        run: &Run<'_>,
        call: &Call,
    ) -> Option<Self> {
        let step = &cx.facts.steps[run.step];
        let word = |raw: &str| {
            let inner = raw
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'))
                .unwrap_or(raw);
            let are_known = variables(inner)?
                .iter()
                .all(|name| cx.facts.is_declared(step, name));
            are_known.then(|| inner.to_owned())
        };
        call.arguments
            .iter()
            .map(|argument| word(&argument.raw))
            .collect::<Option<_>>()
            .map(Self)
    }
}

/// The variables in a word that is made of plain letters and of them; none where there is anything
/// else.
fn variables(word: &str) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    for (at, piece) in word.split('$').enumerate() {
        let rest = match (at, piece.strip_prefix('{')) {
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
    let is_name = |name: &&str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    names.iter().all(is_name).then_some(names)
}

/// Whether a word means itself, to a shell and to a builder.
pub(in crate::rules) fn is_plain(word: &str) -> bool {
    !word.is_empty()
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/._:@+~=,%&?-#".contains(c))
}

/// Whether a RUN does nothing but so many plain calls as root, with nothing mounted, and no more
/// than a pipe between them.
pub(in crate::rules) fn alone(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    calls: usize,
) -> Option<()> {
    let Command::Shell(text) = run.command else {
        return None;
    };
    let is_plain = !text
        .text
        .as_str()
        .contains(['<', '>', ';', '&', '(', '`', '!', '#']);
    (is_plain && calls_only(cx, run, calls)).then_some(())
}

/// The same of its calls; what stands around them is not looked at.
pub(in crate::rules) fn calls_only(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    calls: usize,
) -> bool {
    let step = &cx.facts.steps[run.step];
    let Some(script) = &run.script else {
        return false;
    };
    let is_root = step
        .user
        .as_ref()
        .is_none_or(|user| user.name.as_deref().is_some_and(User::is_root));
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
