//! `set -e -o pipefail`: how a shell is told to treat failures.

use super::{Pipeline, ShellScript, SimpleCommand};
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
        let mut options = Self::default();
        options.apply(arguments);
        options
    }

    /// Follows arguments of `set` or of a shell up to the first that is not an option.
    fn apply<'a>(&mut self, arguments: impl IntoIterator<Item = &'a str>) {
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let on = argument.starts_with('-');
            if argument == "--" || argument.len() < 2 || !(on || argument.starts_with('+')) {
                return;
            }
            if argument.starts_with("--") {
                continue;
            }
            for letter in argument.chars().skip(1) {
                match letter {
                    'e' => self.errexit = on,
                    'o' => match arguments.next() {
                        Some("pipefail") => self.pipefail = on,
                        Some("errexit") => self.errexit = on,
                        _ => {}
                    },
                    _ => {}
                }
            }
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
        let scopes = self.scope_and_parents(scope);
        let shell = scopes.last().map(|&scope| self.scopes[scope]);
        let mut options = match shell {
            Some(shell) if shell.started_by.is_some() => shell.options,
            _ => initial,
        };
        let settings = self.settings.iter().map(|&index| &self.commands[index]);
        for command in settings.take_while(|command| command.span.start < span.start) {
            if scopes.contains(&command.scope) {
                options.apply(
                    command.words[1..]
                        .iter()
                        .map(|word| word.literal().unwrap_or("")),
                );
            }
        }
        options
    }

    /// From the inside out, up to the shell that runs it.
    fn scope_and_parents(&self, scope: usize) -> Vec<usize> {
        std::iter::successors(Some(scope), |&scope| self.scopes.get(scope)?.parent).collect()
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
