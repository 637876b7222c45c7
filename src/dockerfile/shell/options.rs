//! `set -e -o pipefail`: how a shell is told to treat failures.

use std::collections::BTreeMap;

use super::{Pipeline, Scope, ShellScript, SimpleCommand};
use crate::source::Span;

/// The settings that decide whether a failure ends a script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `-e`: a command that fails ends the script.
    pub errexit: bool,
    /// `-o pipefail`: a pipeline fails when any of its stages does.
    pub pipefail: bool,
}

impl Options {
    /// What a shell started with these arguments, without its name, begins with: `-o pipefail -c`
    /// for example.
    pub fn of_arguments<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Self {
        Change::of_arguments(arguments).applied_to(Self::default())
    }
}

/// What `set` commands change, so that the options at any place are looked up, not counted again.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// By scope: where each of its `set` commands starts, ascending, and what it and those before
    /// it in this scope change together.
    of_scopes: BTreeMap<usize, Vec<(usize, Change)>>,
}

/// The options that commands turn on or off.
#[derive(Clone, Copy, Debug, Default)]
struct Change {
    errexit: Option<bool>,
    pipefail: Option<bool>,
}

impl Change {
    /// Adds what came before it: what is changed here stays changed.
    fn after(self, earlier: Self) -> Self {
        Self {
            errexit: self.errexit.or(earlier.errexit),
            pipefail: self.pipefail.or(earlier.pipefail),
        }
    }

    fn applied_to(self, options: Options) -> Options {
        Options {
            errexit: self.errexit.unwrap_or(options.errexit),
            pipefail: self.pipefail.unwrap_or(options.pipefail),
        }
    }

    /// Follows arguments of `set` or of a shell up to the first that is not an option.
    fn of_arguments<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Self {
        let mut change = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let on = argument.starts_with('-');
            if argument == "--" || argument.len() < 2 || !(on || argument.starts_with('+')) {
                break;
            }
            if argument.starts_with("--") {
                continue;
            }
            for letter in argument.chars().skip(1) {
                match letter {
                    'e' => change.errexit = Some(on),
                    'o' => match arguments.next() {
                        Some("pipefail") => change.pipefail = Some(on),
                        Some("errexit") => change.errexit = Some(on),
                        _ => {}
                    },
                    _ => {}
                }
            }
        }
        change
    }
}

impl Settings {
    /// The commands are in the order of the text, so that those of one scope ascend.
    pub(super) fn of(commands: &[SimpleCommand]) -> Self {
        let mut settings = Self::default();
        for command in commands {
            let Some((name, arguments)) = command.words.split_first() else {
                continue;
            };
            if name.literal() != Some("set") {
                continue;
            }
            let arguments = arguments.iter().map(|word| word.literal().unwrap_or(""));
            let change = Change::of_arguments(arguments);
            let earlier = settings.of_scopes.entry(command.scope).or_default();
            let before = earlier.last().map_or_else(Change::default, |last| last.1);
            earlier.push((command.span.start, change.after(before)));
        }
        settings
    }

    /// What the `set` commands of a scope before a place change.
    fn before(&self, scope: usize, place: usize) -> Change {
        let Some(changes) = self.of_scopes.get(&scope) else {
            return Change::default();
        };
        let count = changes.partition_point(|&(start, _)| start < place);
        match count.checked_sub(1) {
            Some(last) => changes[last].1,
            None => Change::default(),
        }
    }
}

impl ShellScript {
    /// The options in force at a pipeline, where the script itself starts with `initial`. A `set`
    /// inside `if` counts for all that follows it.
    pub fn options_at(&self, pipeline: &Pipeline, initial: Options) -> Options {
        self.options(pipeline.scope, pipeline.span, initial)
    }

    /// The same for a command.
    pub fn options_of(&self, command: &SimpleCommand, initial: Options) -> Options {
        self.options(command.scope, command.span, initial)
    }

    fn options(&self, scope: usize, span: Span, initial: Options) -> Options {
        let mut change = Change::default();
        let mut scope = scope;
        // From the inside out: a subshell inherits what its parents have set before it.
        loop {
            change = change.after(self.settings.before(scope, span.start));
            match self.scopes[scope] {
                Scope {
                    parent: Some(parent),
                    ..
                } => scope = parent,
                Scope {
                    started_by: Some(_),
                    options,
                    ..
                } => return change.applied_to(options),
                Scope { .. } => return change.applied_to(initial),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse_text;
    use super::*;

    fn pipefail(script: &str) -> Vec<bool> {
        let read = parse_text(script);
        read.pipelines
            .iter()
            .map(|pipeline| read.options_at(pipeline, Options::default()).pipefail)
            .collect()
    }

    #[test]
    fn set_counts_for_what_follows() {
        assert_eq!(
            pipefail("a | b; set -o pipefail; a | b; set +o pipefail; a | b"),
            [false, true, false]
        );
        assert_eq!(pipefail("set -euxo pipefail && a | b"), [true]);
        assert_eq!(pipefail("set -e; a | b"), [false]);
        assert_eq!(pipefail("echo set -o pipefail; a | b"), [false]);
    }

    #[test]
    fn set_in_a_subshell_ends_with_it() {
        assert_eq!(pipefail("(set -o pipefail; a | b); a | b"), [true, false]);
        assert_eq!(
            pipefail("set -o pipefail; (a | b); x=$(a | b)"),
            [true, true]
        );
        assert_eq!(pipefail("set -o pipefail | a; a | b"), [false, false]);
    }

    #[test]
    fn another_shell_has_options_of_its_own() {
        assert_eq!(pipefail("set -o pipefail; bash -c 'a | b'"), [false]);
        assert_eq!(pipefail("bash -eo pipefail -c 'a | b'"), [true]);
        assert_eq!(pipefail("sudo bash -c 'set -o pipefail; a | b'"), [true]);
    }

    #[test]
    fn a_shells_arguments_are_its_first_options() {
        let options = Options::of_arguments(["-o", "pipefail", "-ec"]);
        assert_eq!(
            options,
            Options {
                errexit: true,
                pipefail: true
            }
        );
        assert_eq!(Options::of_arguments(["-c"]), Options::default());
    }
}
