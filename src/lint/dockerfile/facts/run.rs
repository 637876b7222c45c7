//! What RUN instructions call: programs and their arguments, with the values that ENV and ARG give
//! them.

use std::collections::HashMap;

use super::Facts;
use super::packages::{self, PackageCall};
use super::shell::ShellKind;
use super::steps::Step;
use crate::dockerfile::shell::{CommandPosition, SharedText, ShellOptions, ShellPart};
use crate::dockerfile::{self, Body, Command, Kind, ShellScript, ShellWord};
use crate::source::Span;

/// A RUN, or a RUN that ONBUILD puts off.
#[derive(Debug)]
pub struct Run<'a> {
    /// Its place in [`Facts::steps`].
    pub step: usize,
    pub command: &'a Command,
    pub mounts: Vec<Mount>,
    /// What reads the script; for an exec form, no shell does.
    pub shell: ShellKind,
    /// What that shell is started with.
    pub options: ShellOptions,
    /// `None` for exec forms, and for shells that are not read here.
    pub script: Option<ShellScript>,
    /// In the order of the text.
    pub calls: Vec<Call>,
}

/// `--mount=type=cache,target=/var/cache/apt`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mount {
    /// `bind` where none is written.
    pub kind: String,
    /// Where it is mounted, as written.
    pub target: Option<String>,
}

/// A program and its arguments.
#[derive(Debug)]
pub struct Call {
    /// Without its directory.
    pub name: String,
    pub span: Span,
    pub name_span: Span,
    pub arguments: Vec<Argument>,
    /// The programs that run it, outermost first: `sudo`, `env`, `xargs`.
    pub via: Vec<String>,
    /// The place in the script's `commands`, where a script calls it.
    pub command: Option<usize>,
}

#[derive(Debug)]
pub struct Argument {
    pub span: Span,
    /// As written.
    pub raw: SharedText,
    /// What the program sees: several words where a variable is split, `None` where that is not
    /// known.
    pub values: Option<Vec<String>>,
}

impl Argument {
    /// The word that the program sees, if it is one and known.
    pub fn single(&self) -> Option<&str> {
        match self.values.as_deref() {
            Some([value]) => Some(value),
            _ => None,
        }
    }

    /// The words that are known, or the text where none is.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let raw = self.values.is_none().then_some(self.raw.as_str());
        self.values.iter().flatten().map(String::as_str).chain(raw)
    }

    /// The words that are known.
    pub fn words(&self) -> impl Iterator<Item = (&Self, &str)> {
        self.values
            .iter()
            .flatten()
            .map(move |value| (self, value.as_str()))
    }
}

impl Call {
    /// The arguments that are known.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.arguments
            .iter()
            .flat_map(Argument::words)
            .map(|(_, word)| word)
    }
}

impl Mount {
    /// Reads `type=cache,target=/x,ro`.
    fn parse(text: &str) -> Self {
        let mut mount = Self {
            kind: "bind".to_owned(),
            target: None,
        };
        for option in text.split(',') {
            let Some((key, value)) = option.split_once('=') else {
                continue;
            };
            match key.trim().to_ascii_lowercase().as_str() {
                "type" => value.trim().clone_into(&mut mount.kind),
                "target" | "dst" | "destination" => mount.target = Some(value.trim().to_owned()),
                _ => {}
            }
        }
        mount
    }

    /// Whether what is written below `path` goes into a cache or into memory, and so not into the
    /// image.
    pub fn keeps_out(&self, path: &str) -> bool {
        let below = |target: &str| {
            let target = target.trim_matches('"').trim_end_matches('/');
            path == target
                || path
                    .strip_prefix(target)
                    .is_some_and(|rest| rest.starts_with('/'))
        };
        matches!(self.kind.as_str(), "cache" | "tmpfs") && self.target.as_deref().is_some_and(below)
    }
}

impl Run<'_> {
    /// The calls of package managers.
    pub fn package_calls(&self) -> impl Iterator<Item = PackageCall<'_>> {
        self.calls.iter().filter_map(packages::understand)
    }

    /// What the script gives to variables: before a command, by `export` and its like, by `env`.
    /// The name, the value where it is known, and the place.
    pub fn assignments(&self) -> impl Iterator<Item = (&str, Option<&str>, Span)> {
        let commands = self.script.iter().flat_map(|script| &script.commands);
        let words = commands.flat_map(|command| {
            let sets = |word: &ShellWord| {
                matches!(
                    word.literal(),
                    Some("export" | "declare" | "readonly" | "env" | "sudo")
                )
            };
            let words = if command.words.first().is_some_and(sets) {
                &command.words[1..]
            } else {
                &[]
            };
            command.assignments.iter().chain(words)
        });
        words.filter_map(|word| {
            let text = word.literal();
            let (name, value) = text.unwrap_or(&word.raw).split_once('=')?;
            Some((name, text.is_some().then_some(value), word.span))
        })
    }

    /// Whether what it writes below `path` stays out of the image.
    pub fn keeps_out(&self, path: &str) -> bool {
        self.mounts.iter().any(|mount| mount.keeps_out(path))
    }
}

pub(super) fn read<'a>(facts: &Facts<'a>) -> Vec<Run<'a>> {
    facts
        .steps
        .iter()
        .filter(|step| step.kind() == Kind::Run)
        .filter_map(|step| read_run(facts, step))
        .collect()
}

fn read_run<'a>(facts: &Facts<'a>, step: &Step<'a>) -> Option<Run<'a>> {
    let Body::Command(command) = &step.instruction.body else {
        return None;
    };
    let values = step
        .instruction
        .flags
        .iter()
        .filter(|flag| flag.name == "mount")
        .filter_map(|flag| flag.value.as_ref());
    let mounts = values
        .map(|word| {
            Mount::parse(
                &facts
                    .expand(step, word)
                    .unwrap_or_else(|| word.text.as_str().to_owned()),
            )
        })
        .collect();
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
            if let Some(shebang) = &text.shebang {
                run.shell = ShellKind::of_shebang(shebang, step.shell.kind);
                run.options = ShellOptions::of_arguments(shebang.split_whitespace().skip(1));
            }
            if run.shell.is_posix() {
                let script = dockerfile::shell::parse(text);
                run.calls = script_calls(facts, step, &script);
                run.script = Some(script);
            }
        }
    }
    Some(run)
}

/// The program of an exec form, with its arguments as they are.
fn exec_call(words: &[dockerfile::JsonString]) -> Option<Call> {
    let (first, rest) = words.split_first()?;
    let argument = |word: &dockerfile::JsonString| Argument {
        span: word.span,
        raw: word.value.as_str().into(),
        values: Some(vec![word.value.clone()]),
    };
    Some(Call {
        name: base_name(&first.value).to_owned(),
        span: first.span.to(rest.last().unwrap_or(first).span),
        name_span: first.span,
        arguments: rest.iter().map(argument).collect(),
        via: Vec::new(),
        command: None,
    })
}

fn script_calls(facts: &Facts<'_>, step: &Step<'_>, script: &ShellScript) -> Vec<Call> {
    let own = own_variables(script);
    let variable = |name: &str| match own.get(name) {
        Some(value) => value.map(ToOwned::to_owned),
        None => facts.variable(step, name),
    };
    let call = |call: dockerfile::shell::ProgramCall<'_>| {
        let (first, rest) = call.words.split_first()?;
        Some(Call {
            name: call.name.to_owned(),
            span: first.span.to(rest.last().unwrap_or(first).span),
            name_span: first.span,
            arguments: rest.iter().map(|word| argument(word, &variable)).collect(),
            via: call.via.iter().map(ToString::to_string).collect(),
            command: Some(call.command),
        })
    };
    script.calls().filter_map(call).collect()
}

/// The variables that a script sets itself, so that what ENV and ARG have set does not hold; with
/// the value of those that are set once and for the whole script.
fn own_variables(script: &ShellScript) -> HashMap<&str, Option<&str>> {
    let mut own = HashMap::new();
    for command in &script.commands {
        let lasts = command.words.is_empty() && command.position == CommandPosition::default();
        for word in &command.assignments {
            let Some((name, _)) = word.raw.split_once('=') else {
                continue;
            };
            let value = word
                .literal()
                .and_then(|text| text.split_once('='))
                .map(|(_, value)| value);
            own.entry(name)
                .and_modify(|known| *known = None)
                .or_insert(value.filter(|_| lasts));
        }
        for (name, _) in command
            .words
            .iter()
            .filter_map(|word| word.raw.split_once('='))
        {
            own.insert(name, None);
        }
    }
    own
}

fn argument(word: &ShellWord, variable: &dyn Fn(&str) -> Option<String>) -> Argument {
    Argument {
        span: word.span,
        raw: word.raw.clone(),
        values: expand(&word.parts, variable),
    }
}

fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// Expands plain variables and splits what is not quoted; `None` where anything else takes part.
fn expand(parts: &[ShellPart], variable: &dyn Fn(&str) -> Option<String>) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word = parts.is_empty().then(String::new);
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

/// Adds a value as the shell splits it: the first word joins what stands before, the last what
/// follows.
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
    fn what_is_not_known_stays_unknown() {
        for raw in ["$OTHER", "$(date)", "${ONE:-x}", "`x`"] {
            assert_eq!(expanded(raw), None, "{raw}");
        }
    }

    #[test]
    fn a_mount_covers_what_lies_below_it() {
        let mount = Mount::parse("type=cache,id=x,target=/var/lib/apt/,sharing=locked");
        assert!(mount.keeps_out("/var/lib/apt/lists"));
        assert!(!mount.keeps_out("/var/lib/aptitude"));
        assert!(!Mount::parse("target=/var/lib/apt").keeps_out("/var/lib/apt"));
    }
}
