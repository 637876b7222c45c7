//! The shell that runs an instruction and its features.

use crate::dockerfile::shell::ShellOptions;
use crate::source::Span;

/// The shell of a `SHELL` instruction, or the default one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shell {
    pub kind: ShellKind,
    /// Its options.
    pub options: ShellOptions,
    /// The `SHELL` instruction; `None` for the default.
    pub set_by: Option<Span>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShellKind {
    Bash,
    Zsh,
    Ksh,
    /// The shell of BusyBox.
    Ash,
    /// Debian's `/bin/sh`.
    Dash,
    /// The `/bin/sh` of an unknown base image.
    Posix,
    PowerShell,
    Cmd,
    /// A program that is not a known shell.
    Other,
}

impl ShellKind {
    /// The kind of a program, with or without a path and `.exe`; `sh` is the kind of `/bin/sh`.
    pub(super) fn of_program(program: &str, sh: Self) -> Self {
        // Windows paths have backslashes.
        let name = program
            .rsplit(['/', '\\'])
            .next()
            .unwrap_or(program)
            .to_ascii_lowercase();
        match name.strip_suffix(".exe").unwrap_or(&name) {
            "sh" => sh,
            "bash" => Self::Bash,
            "zsh" => Self::Zsh,
            "ksh" | "mksh" | "ksh93" => Self::Ksh,
            "ash" => Self::Ash,
            "dash" => Self::Dash,
            // Both the portable and the Windows version.
            "pwsh" | "powershell" => Self::PowerShell,
            "cmd" => Self::Cmd,
            _ => Self::Other,
        }
    }

    /// The kind of shell in a shebang, without the `#!`: `/bin/bash -e`, `/usr/bin/env bash`.
    pub(super) fn of_shebang(shebang: &str, sh: Self) -> Self {
        let mut words = shebang.split_whitespace();
        let program = words.next().unwrap_or_default();
        if program.ends_with("/env") {
            // `env` accepts options and variables before the program.
            for word in words {
                if !word.starts_with('-') && !word.contains('=') {
                    return Self::of_program(word, sh);
                }
            }
            return Self::Other;
        }
        Self::of_program(program, sh)
    }

    /// Whether its scripts can be parsed as Bourne shell scripts.
    pub fn is_posix(self) -> bool {
        matches!(
            self,
            Self::Bash | Self::Zsh | Self::Ksh | Self::Ash | Self::Dash | Self::Posix
        )
    }

    /// Whether all versions in use support `set -o pipefail`. dash only supports it since 0.5.13.
    pub fn knows_pipefail(self) -> bool {
        matches!(self, Self::Bash | Self::Zsh | Self::Ksh | Self::Ash)
    }
}

impl Shell {
    /// The shell of a stage without `SHELL`: `/bin/sh -c`, or `cmd /S /C` on Windows.
    pub(super) fn default_of(kind: ShellKind) -> Self {
        Self {
            kind,
            options: ShellOptions::default(),
            set_by: None,
        }
    }

    /// The shell that `SHELL ["program", "argument", …]` sets.
    pub(super) fn from_words(words: &[&str], sh: ShellKind, set_by: Span) -> Self {
        let kind = words.first().map_or(ShellKind::Other, |program| {
            ShellKind::of_program(program, sh)
        });
        let options = ShellOptions::of_arguments(words.iter().skip(1).copied());
        Self {
            kind,
            options,
            set_by: Some(set_by),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_shell_follows_from_its_name() {
        let kind = |program| ShellKind::of_program(program, ShellKind::Dash);
        assert_eq!(kind("/bin/sh"), ShellKind::Dash);
        assert_eq!(kind(r"C:\Windows\System32\CMD.exe"), ShellKind::Cmd);
        assert_eq!(kind("pwsh"), ShellKind::PowerShell);
        assert_eq!(
            ShellKind::of_shebang("/usr/bin/env -S bash -e", ShellKind::Posix),
            ShellKind::Bash
        );
        assert_eq!(
            ShellKind::of_shebang("/usr/bin/python3", ShellKind::Posix),
            ShellKind::Other
        );
    }
}
