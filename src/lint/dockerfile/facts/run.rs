//! The calls in `RUN` instructions: programs and their arguments, with `ENV` and `ARG` values.

use std::collections::HashMap;

use super::Facts;
use super::mounts::Mount;
use super::packages::{self, PackageCall};
use super::shell::ShellKind;
use super::steps::Step;
use crate::dockerfile::shell::{CommandPosition, SharedText, ShellOptions, ShellPart};
use crate::dockerfile::{self, Body, Command, Kind, ShellScript, ShellWord};
use crate::paths::file_name;
use crate::source::Span;

/// A `RUN`, or the `RUN` of an `ONBUILD`.
#[derive(Debug)]
pub struct Run<'a> {
    /// The index in [`Facts::steps`].
    pub step: usize,
    pub command: &'a Command,
    pub mounts: Vec<Mount>,
    /// The shell that runs the script. An exec form has none: its program is started directly.
    pub shell: ShellKind,
    /// The options of this shell.
    pub options: ShellOptions,
    /// `None` for exec forms and for shells that are not POSIX shells.
    pub script: Option<ShellScript>,
    /// Calls in the order of the source text.
    pub calls: Vec<Call>,
}

/// A program and its arguments.
#[derive(Debug)]
pub struct Call {
    /// The name of the program, without its directory.
    pub name: String,
    pub span: Span,
    pub name_span: Span,
    pub arguments: Vec<Argument>,
    /// The programs that run it, outermost first: `sudo`, `env`, `xargs`.
    pub via: Vec<String>,
    /// The index in the script's `commands`; `None` for an exec form.
    pub command: Option<usize>,
}

#[derive(Debug)]
pub struct Argument {
    pub span: Span,
    /// The argument as written.
    pub raw: SharedText,
    /// The words that the program receives: several if the shell splits a variable, `None` if they
    /// are unknown.
    pub values: Option<Vec<String>>,
}

impl Argument {
    /// The word that the program receives, if it is a single known word.
    pub fn single(&self) -> Option<&str> {
        match self.values.as_deref() {
            Some([value]) => Some(value),
            _ => None,
        }
    }

    /// The known words, or the text as written.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let raw = match self.values {
            Some(_) => None,
            None => Some(self.raw.as_str()),
        };
        self.values.iter().flatten().map(String::as_str).chain(raw)
    }

    /// The known words.
    pub fn words(&self) -> impl Iterator<Item = (&Self, &str)> {
        self.values
            .iter()
            .flatten()
            .map(move |value| (self, value.as_str()))
    }
}

impl Call {
    /// Whether an argument is a variable with an unknown value that may contain options. A variable
    /// in a URL or a file name cannot, and a quoted one is a single word.
    pub fn has_unknown_options(&self) -> bool {
        let mut arguments = self.arguments.iter();
        arguments.any(|argument| {
            let raw = argument.raw.as_str();
            let is_list = raw.starts_with("\"$@") || raw.contains("[@]");
            argument.values.is_none() && (is_list || raw.trim_start_matches('-').starts_with('$'))
        })
    }

    /// The words of arguments whose values are known.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.arguments
            .iter()
            .flat_map(Argument::words)
            .map(|(_, word)| word)
    }
}

impl Run<'_> {
    /// The calls of package managers.
    pub fn package_calls(&self) -> impl Iterator<Item = PackageCall<'_>> {
        self.calls.iter().filter_map(packages::understand)
    }

    /// The variables that the script sets before a command, with `export` and similar builtins, or
    /// with `env`: the name, the value if it is known, and the location.
    pub fn assignments(&self) -> impl Iterator<Item = (&str, Option<&str>, Span)> {
        let mut assignments = Vec::new();
        for command in self.script.iter().flat_map(|script| &script.commands) {
            let mut words: Vec<&ShellWord> = command.assignments.iter().collect();
            // The arguments of these programs are assignments.
            if let Some((first, rest)) = command.words.split_first()
                && let Some("export" | "declare" | "readonly" | "env" | "sudo") = first.literal()
            {
                words.extend(rest);
            }
            for word in words {
                let literal = word.literal();
                if let Some((name, value)) = literal.unwrap_or(&word.raw).split_once('=') {
                    let value = if literal.is_some() { Some(value) } else { None };
                    assignments.push((name, value, word.span));
                }
            }
        }
        assignments.into_iter()
    }

    /// Whether files written below `path` stay out of the image.
    pub fn keeps_out(&self, path: &str) -> bool {
        self.mounts.iter().any(|mount| mount.keeps_out(path))
    }
}

pub(super) fn read<'a>(facts: &Facts<'a>) -> Vec<Run<'a>> {
    let runs = facts.steps.iter().filter(|step| step.kind() == Kind::Run);
    runs.filter_map(|step| read_run(facts, step)).collect()
}

fn read_run<'a>(facts: &Facts<'a>, step: &Step<'a>) -> Option<Run<'a>> {
    let Body::Command(command) = &step.instruction.body else {
        return None;
    };
    let mounts = step.mounts.iter();
    let mounts = mounts.map(|flag| Mount::new(facts, step, flag)).collect();
    let (shell, options) = (step.shell.kind, step.shell.options);
    let mut run = Run {
        step: step.index,
        command,
        mounts,
        shell,
        options,
        script: None,
        calls: Vec::new(),
    };
    match command {
        Command::Exec(words) => run.calls.extend(exec_call(words)),
        Command::Shell(text) => {
            // In a heredoc, a shebang overrides the shell of the stage.
            if let Some(shebang) = &text.shebang {
                run.shell = ShellKind::of_shebang(shebang, step.shell.kind);
                run.options = ShellOptions::of_arguments(shebang.split_whitespace().skip(1));
            }
            if run.shell.is_posix() {
                let script = dockerfile::shell::parse(text);
                run.calls = script_calls(facts, step, run.shell, &script);
                run.script = Some(script);
            }
        }
    }
    Some(run)
}

/// The program of an exec form, with its arguments as written, because no shell expands them.
fn exec_call(words: &[dockerfile::JsonString]) -> Option<Call> {
    let (first, rest) = words.split_first()?;
    let mut arguments = Vec::new();
    for word in rest {
        arguments.push(Argument {
            span: word.span,
            raw: word.value.as_str().into(),
            values: Some(vec![word.value.clone()]),
        });
    }
    Some(Call {
        name: file_name(&first.value).to_owned(),
        span: first.span.to(rest.last().unwrap_or(first).span),
        name_span: first.span,
        arguments,
        via: Vec::new(),
        command: None,
    })
}

fn script_calls(
    facts: &Facts<'_>,
    step: &Step<'_>,
    shell: ShellKind,
    script: &ShellScript,
) -> Vec<Call> {
    // POSIX requires an assignment before a special builtin to persist, and every `/bin/sh` does
    // that. A bash or zsh under its own name does not.
    let is_named = step.shell.set_by.is_some() || is_heredoc_of(step);
    let assignments_last = !(is_named && matches!(shell, ShellKind::Bash | ShellKind::Zsh));
    let own = own_variables(script, assignments_last);
    let variable = |name: &str| match own.get(name) {
        Some(value) => value.map(ToOwned::to_owned),
        None => facts.variable(step, name),
    };
    let mut calls = Vec::new();
    for call in script.calls() {
        let Some((first, rest)) = call.words.split_first() else {
            continue;
        };
        let mut arguments = Vec::new();
        for word in rest {
            arguments.push(Argument {
                span: word.span,
                raw: word.raw.clone(),
                values: expand(&word.parts, &variable),
            });
        }
        calls.push(Call {
            name: call.name.to_owned(),
            span: first.span.to(rest.last().unwrap_or(first).span),
            name_span: first.span,
            arguments,
            via: call.via.iter().map(ToString::to_string).collect(),
            command: Some(call.command),
        });
    }
    calls
}

/// The variables that a script sets itself, which hide those of `ENV` and `ARG`. Those that are set
/// once, for the whole script and to a literal have a value; the others are unknown.
fn own_variables(script: &ShellScript, assignments_last: bool) -> HashMap<&str, Option<&str>> {
    let mut own = HashMap::new();
    for command in &script.commands {
        // `A=1 program` sets the variable for that program only, and an assignment in a branch or a
        // subshell may not happen.
        let lasts = match command.words.first() {
            Some(name) => assignments_last && is_special_builtin(name.literal()),
            None => true,
        };
        let applies = lasts && command.position == CommandPosition::default();
        for word in &command.assignments {
            let Some((name, _)) = word.raw.split_once('=') else {
                continue;
            };
            let value = match word.literal().and_then(|text| text.split_once('=')) {
                Some((_, value)) if applies => Some(value),
                _ => None,
            };
            // Set twice: the value depends on the position.
            own.entry(name)
                .and_modify(|known| *known = None)
                .or_insert(value);
        }
        // `export A=1`, `read A=…`, `env A=1`: there are too many such programs to list them all.
        for word in &command.words {
            if let Some((name, _)) = word.raw.split_once('=') {
                own.insert(name, None);
            }
        }
    }
    own
}

/// Whether a command is one before which assignments last: `A=1 set -x`.
fn is_special_builtin(name: Option<&str>) -> bool {
    // These of POSIX's list do not end the script.
    matches!(
        name,
        Some(
            ":" | "."
                | "eval"
                | "export"
                | "readonly"
                | "set"
                | "shift"
                | "times"
                | "trap"
                | "unset"
        )
    )
}

/// Whether a RUN is a heredoc whose `#!` line names its shell.
fn is_heredoc_of(step: &Step<'_>) -> bool {
    match &step.instruction.body {
        Body::Command(Command::Shell(script)) => script.shebang.is_some(),
        _ => false,
    }
}

/// Expands plain variables and splits unquoted ones; `None` if the word has any other expansion.
fn expand(parts: &[ShellPart], variable: &dyn Fn(&str) -> Option<String>) -> Option<Vec<String>> {
    let mut words = Vec::new();
    // `''` is an empty word; an unquoted empty variable is not a word at all.
    let mut word = if parts.is_empty() {
        Some(String::new())
    } else {
        None
    };
    for part in parts {
        match part {
            ShellPart::Literal(text) => word.get_or_insert_default().push_str(text),
            ShellPart::Variable {
                name,
                quoted: true,
                modified: false,
                ..
            } => {
                word.get_or_insert_default().push_str(&variable(name)?);
            }
            ShellPart::Variable {
                name,
                modified: false,
                ..
            } => push_split(&variable(name)?, &mut words, &mut word),
            ShellPart::Variable { .. } | ShellPart::Other(_) => return None,
        }
    }
    words.extend(word);
    Some(words)
}

/// Adds a value, split like in the shell: its first word is joined to the text before it, its last
/// word to the text after it.
fn push_split(value: &str, words: &mut Vec<String>, word: &mut Option<String>) {
    let mut first = !value.starts_with(char::is_whitespace);
    for part in value.split_whitespace() {
        if !std::mem::take(&mut first) {
            words.extend(word.take());
        }
        word.get_or_insert_default().push_str(part);
    }
    if value.ends_with(char::is_whitespace) {
        words.extend(word.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(raw: &str) -> Option<Vec<String>> {
        let script = dockerfile::shell::parse_text(&format!("program {raw}"));
        let variable = |name: &str| match name {
            "ONE" => Some("a=1".into()),
            "TWO" => Some("a=1 b".into()),
            "NONE" => Some(String::new()),
            _ => None,
        };
        expand(&script.commands[0].words[1].parts, &variable)
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_variable_is_split_unless_it_is_quoted() {
        assert_eq!(expanded("$TWO"), Some(words(&["a=1", "b"])));
        assert_eq!(expanded("\"${TWO}\""), Some(words(&["a=1 b"])));
        assert_eq!(expanded("x$TWO-y"), Some(words(&["xa=1", "b-y"])));
        assert_eq!(expanded("$NONE"), Some(words(&[])));
        assert_eq!(expanded("\"$NONE\""), Some(words(&[""])));
    }

    #[test]
    fn an_assignment_before_a_special_builtin_persists_in_sh() {
        for (script, value) in [
            ("deps='git make' set -x && a", Some("git make")),
            ("deps=a export B && b", Some("a")),
            ("deps=a : && b", Some("a")),
            ("deps=a make && b", None),
            ("(deps=a set -x); b", None),
        ] {
            let script = dockerfile::shell::parse_text(script);
            let own = own_variables(&script, true);
            assert_eq!(own.get("deps").copied().flatten(), value);
            let of_bash = own_variables(&script, false);
            assert_eq!(of_bash.get("deps").copied().flatten(), None);
        }
    }

    #[test]
    fn substitutions_with_unknown_values_are_not_expanded() {
        for raw in ["$OTHER", "$(date)", "${ONE:-x}", "`x`"] {
            assert_eq!(expanded(raw), None, "{raw}");
        }
    }
}
