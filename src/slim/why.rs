//! Why a file is kept, as a type: every way in is a variant here.

use std::fmt;

use crate::elf::Found;

/// What ties a kept file to the one that keeps it. Displayed, it is a phrase about the file, in which "it" is the one
/// that gives the reason: "needed by it as `libc.so.6`, found in a default directory".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// No other file: the image's configuration, the user, or a convention.
    Root(Root),
    /// The directory it is in.
    Directory,
    /// A directory or a link that is met on the way to it.
    OnTheWay,
    /// What it, a symbolic link, leads to.
    Target,
    /// The loader that the kernel starts for it, or that would map it.
    Interpreter,
    /// A library that it names.
    Needed { soname: Vec<u8>, found: Found },
    /// A library that a filter or auditing entry of it names.
    Filter { soname: Vec<u8>, found: Found },
    /// A library that `LD_PRELOAD`, `LD_AUDIT` or `/etc/ld.so.preload` has loaded into it.
    Injected { soname: Vec<u8>, by: Injector, found: Found },
    /// A library that the C library opens by name for a function that it, or a library of its process, calls.
    Opened { soname: Vec<u8>, symbol: &'static str, found: Found },
    /// A file that it, a loader, reads before it searches.
    LoaderReads,
    /// The program of its `#!` line, or of `env` there.
    Shebang,
    /// A command in it, a script.
    Command { word: String, line: usize },
    /// A path in it, a script, that is there.
    Mention { word: String, line: usize },
    /// What tells scanners which package it is of.
    Record { package: String },
    /// A script that it includes.
    Include { word: String, line: usize },
}

/// Where a chain of reasons begins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Root {
    /// The program that a field of the configuration starts.
    Program(Field),
    /// An argument there that names a file or a program.
    Argument {
        of: Field,
        word: String,
    },
    /// A command or a path in the shell text there; the line counts in that text.
    ShellText {
        of: Field,
        word: String,
        line: usize,
    },
    /// A variable of the environment whose value is its path.
    Variable {
        name: String,
    },
    Workdir,
    Volume,
    /// The home directory of the user whom the program runs as.
    Home,
    /// `--keep`.
    Glob {
        pattern: String,
    },
    /// The table of what every image keeps.
    Always {
        because: &'static str,
    },
}

/// A field of the image's configuration that holds a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    Entrypoint,
    Cmd,
    Healthcheck,
    Shell,
}

/// Who has a library loaded that the program does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Injector {
    Preload,
    Audit,
    PreloadFile,
    /// gcompat's loader, which starts musl's with a library.
    StandIn,
}

/// How sure a reason is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Without the file, something that was there before fails.
    Certain,
    /// Named where it is used, though no run may get there.
    Likely,
    /// Named, perhaps by chance.
    Possible,
}

impl Why {
    pub fn confidence(&self) -> Confidence {
        match self {
            Self::Root(Root::Argument { .. } | Root::ShellText { .. } | Root::Variable { .. })
            | Self::Command { .. }
            | Self::Include { .. } => Confidence::Likely,
            Self::Mention { .. } => Confidence::Possible,
            _ => Confidence::Certain,
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(root) => root.fmt(f),
            Self::Directory => f.write_str("the directory it is in"),
            Self::OnTheWay => f.write_str("on the way to it"),
            Self::Target => f.write_str("what it points to"),
            Self::Interpreter => f.write_str("its loader"),
            Self::Needed { soname, found } => {
                write!(f, "needed by it as `{}`, {found}", soname.escape_ascii())
            }
            Self::Filter { soname, found } => {
                write!(f, "named by it as the filter `{}`, {found}", soname.escape_ascii())
            }
            Self::Injected { soname, by, found } => {
                write!(f, "loaded into it as `{}` by {by}, {found}", soname.escape_ascii())
            }
            Self::Opened { soname, symbol, found } => {
                let soname = soname.escape_ascii();
                write!(f, "opened as `{soname}` when it calls `{symbol}`, {found}")
            }
            Self::LoaderReads => f.write_str("read by it, a loader"),
            Self::Shebang => f.write_str("the program of its `#!` line"),
            Self::Command { word, line } => write!(f, "the command `{word}` on its line {line}"),
            Self::Mention { word, line } => write!(f, "the path `{word}` on its line {line}"),
            Self::Record { package } => write!(f, "the record of its package `{package}`"),
            Self::Include { word, line } => write!(f, "included as `{word}` on its line {line}"),
        }
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(field) => write!(f, "the program of {field}"),
            Self::Argument { of, word } => write!(f, "the argument `{word}` of {of}"),
            Self::ShellText { of, word, line: 1 } => write!(f, "the word `{word}` of {of}"),
            Self::ShellText { of, word, line } => write!(f, "the word `{word}` on line {line} of {of}"),
            Self::Variable { name } => write!(f, "the value of the variable `{name}`"),
            Self::Workdir => f.write_str("the working directory"),
            Self::Volume => f.write_str("a volume"),
            Self::Home => f.write_str("the home directory of the user"),
            Self::Glob { pattern } => write!(f, "asked for by `--keep {pattern}`"),
            Self::Always { because } => write!(f, "always kept: {because}"),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Entrypoint => "ENTRYPOINT",
            Self::Cmd => "CMD",
            Self::Healthcheck => "HEALTHCHECK",
            Self::Shell => "SHELL",
        })
    }
}

impl fmt::Display for Injector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Preload => "`LD_PRELOAD`",
            Self::Audit => "`LD_AUDIT`",
            Self::PreloadFile => "`/etc/ld.so.preload`",
            Self::StandIn => "the loader, a stand-in for glibc's,",
        })
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Possible => "possible",
        })
    }
}
