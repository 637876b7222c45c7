//! Shell options that determine the effect of a failure: `set -e -o pipefail`.

use std::collections::BTreeMap;

use super::{Pipeline, Scope, ShellScript, SimpleCommand};
use crate::source::Span;

/// The settings that determine whether a failure ends a script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShellOptions {
    /// `-e`: a command that fails ends the script.
    pub errexit: bool,
    /// `-o pipefail`: a pipeline fails when any of its stages does.
    pub pipefail: bool,
}

impl ShellOptions {
    /// Initial options of a shell that is started with these arguments, without its name: for
    /// example `-o pipefail -c`.
    pub fn of_arguments<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Self {
        Change::of_arguments(arguments).applied_to(Self::default())
    }
}

/// Changes made by `set` commands. They are accumulated once, so that the options at any position
/// require one lookup.
#[derive(Debug, Default)]
pub(super) struct OptionChanges {
    /// Changes by scope: the start of each of its `set` commands, in ascending order, and the
    /// accumulated changes up to it in this scope.
    of_scopes: BTreeMap<usize, Vec<(usize, Change)>>,
}

/// The options that commands turn on or off.
#[derive(Clone, Copy, Debug, Default)]
struct Change {
    errexit: Option<bool>,
    pipefail: Option<bool>,
}

impl Change {
    /// Combines two changes; this one is later and takes precedence.
    fn after(self, earlier: Self) -> Self {
        Self {
            errexit: self.errexit.or(earlier.errexit),
            pipefail: self.pipefail.or(earlier.pipefail),
        }
    }

    fn applied_to(self, options: ShellOptions) -> ShellOptions {
        ShellOptions {
            errexit: self.errexit.unwrap_or(options.errexit),
            pipefail: self.pipefail.unwrap_or(options.pipefail),
        }
    }

    /// Applies arguments of `set` or of a shell up to the first that is not an option.
    fn of_arguments<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Self {
        let mut change = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            // `-e` turns an option on, `+e` turns it off.
            let on = argument.starts_with('-');
            if argument == "--" || argument.len() < 2 || !(on || argument.starts_with('+')) {
                break;
            }
            // Long options such as `--login` take no value and affect neither of the two.
            if argument.starts_with("--") {
                continue;
            }
            for letter in argument.chars().skip(1) {
                match letter {
                    'e' => change.errexit = Some(on),
                    // The name is the next argument, even if letters follow: `-oe pipefail`.
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

impl OptionChanges {
    /// The commands are in source order, so those of a scope are in ascending order.
    pub(super) fn of(commands: &[SimpleCommand]) -> Self {
        let mut settings = Self::default();
        for command in commands {
            let Some((name, arguments)) = command.words.split_first() else {
                continue;
            };
            // `command set` and `builtin set` are possible, but not used in practice.
            if name.literal() != Some("set") {
                continue;
            }
            // A word with an expansion could be any option; it is ignored.
            let arguments = arguments.iter().map(|word| word.literal().unwrap_or(""));
            let change = Change::of_arguments(arguments);
            let earlier = settings.of_scopes.entry(command.scope).or_default();
            let before = earlier.last().map_or_else(Change::default, |last| last.1);
            earlier.push((command.span.start, change.after(before)));
        }
        settings
    }

    /// The accumulated changes of the `set` commands in a scope before a position.
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
    /// The options in effect at a pipeline if the script itself starts with `initial`. A `set`
    /// inside `if` affects everything that follows it.
    pub fn options_at(&self, pipeline: &Pipeline, initial: ShellOptions) -> ShellOptions {
        self.options(pipeline.scope, pipeline.span, initial)
    }

    /// The same for a command.
    pub fn options_of(&self, command: &SimpleCommand, initial: ShellOptions) -> ShellOptions {
        self.options(command.scope, command.span, initial)
    }

    fn options(&self, scope: usize, span: Span, initial: ShellOptions) -> ShellOptions {
        let mut change = Change::default();
        let mut scope = scope;
        // From the inside out: a subshell inherits the options set by its parents before it.
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
            .map(|pipeline| read.options_at(pipeline, ShellOptions::default()).pipefail)
            .collect()
    }

    #[test]
    fn set_affects_only_the_commands_after_it() {
        assert_eq!(
            pipefail("a | b; set -o pipefail; a | b; set +o pipefail; a | b"),
            [false, true, false]
        );
        assert_eq!(pipefail("set -euxo pipefail && a | b"), [true]);
        assert_eq!(pipefail("set -e; a | b"), [false]);
        assert_eq!(pipefail("echo set -o pipefail; a | b"), [false]);
    }

    #[test]
    fn set_in_a_subshell_ends_with_the_subshell() {
        assert_eq!(pipefail("(set -o pipefail; a | b); a | b"), [true, false]);
        assert_eq!(
            pipefail("set -o pipefail; (a | b); x=$(a | b)"),
            [true, true]
        );
        assert_eq!(pipefail("set -o pipefail | a; a | b"), [false, false]);
    }

    #[test]
    fn a_nested_shell_does_not_inherit_shell_options() {
        assert_eq!(pipefail("set -o pipefail; bash -c 'a | b'"), [false]);
        assert_eq!(pipefail("bash -eo pipefail -c 'a | b'"), [true]);
        assert_eq!(pipefail("sudo bash -c 'set -o pipefail; a | b'"), [true]);
    }

    #[test]
    fn shell_options_start_from_the_arguments_of_the_shell() {
        let options = ShellOptions::of_arguments(["-o", "pipefail", "-ec"]);
        assert_eq!(
            options,
            ShellOptions {
                errexit: true,
                pipefail: true
            }
        );
        assert_eq!(ShellOptions::of_arguments(["-c"]), ShellOptions::default());
    }
}
