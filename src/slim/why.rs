//! Reasons to keep a file: every way into the plan is a variant here.

use std::fmt;

use crate::elf::Found;

/// The tie between a kept file and the one that keeps it. Displayed, it is a phrase about the file,
/// in which "it" is the one that gives the reason: "needed by it as `libc.so.6`, found in a default
/// directory".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// No other file: the image's configuration, the user, or a convention.
    Root(Root),
    /// The directory it is in.
    Directory,
    /// A directory or a link that is met on the way to it.
    OnTheWay,
    /// The target of it, a symbolic link.
    Target,
    /// The loader that the kernel starts for it, or that would map it.
    Interpreter,
    /// A library that it names.
    Needed { soname: Vec<u8>, found: Found },
    /// A library that a filter or auditing entry of it names.
    Filter { soname: Vec<u8>, found: Found },
    /// A library that `LD_PRELOAD`, `LD_AUDIT` or `/etc/ld.so.preload` has loaded into it.
    Injected {
        soname: Vec<u8>,
        by: Injector,
        found: Found,
    },
    /// A library that the C library opens by name for a function that it, or a library of its
    /// process, calls.
    Opened {
        soname: Vec<u8>,
        symbol: &'static str,
        rule: &'static str,
        found: Found,
    },
    /// A file that it, a loader, reads before it searches.
    LoaderReads,
    /// The program of its `#!` line, or of `env` there.
    Shebang,
    /// A command in it, a script.
    Command { word: String, line: usize },
    /// A path in it, a script, that is there.
    Mention { word: String, line: usize },
    /// A program whose name is a string in it, a source.
    Named { word: String, line: usize },
    /// The record by which scanners know the package that it belongs to.
    Record { package: String },
    /// A script that it includes.
    Include { word: String, line: usize },
    /// A library that it could open by a name that it holds.
    MayOpen { soname: Vec<u8>, found: Found },
    /// A library that a note in it says it opens.
    Announced {
        soname: Vec<u8>,
        required: bool,
        found: Found,
    },
    /// A keep rule, for which it gives the reason.
    Rule {
        rule: &'static str,
        because: Because,
        confidence: Confidence,
    },
    /// A file of a package that has the data of its own, a program's.
    DataPackage { package: String },
    /// Part of what it, an interpreter, runs programs with.
    Runtime { language: Language },
    /// A module or package that a program in a language can load: it is installed, or the program's
    /// own.
    Module { language: Language, name: String },
}

/// The fact that made a keep rule keep something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Because {
    /// It holds for every image.
    Always,
    /// The image sets a variable.
    Variable(&'static str),
    /// A file takes a symbol from others.
    Import(&'static str),
    /// A file has the name, or the path, that the rule asks for.
    Name,
    /// A file holds a text.
    Literal(&'static str),
    /// A word of a file that the rule reads.
    Word { word: String, line: usize },
    /// A path in an ELF file.
    Mention { path: String },
}

/// A language whose programs load modules at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    Java,
    Lua,
    /// One of those whose sources are only looked at for programs that they start.
    Other,
    Node,
    Perl,
    Php,
    Python,
    Ruby,
}

/// The start of a chain of reasons.
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
    /// It is in the working directory, which is not a directory of the distribution.
    InWorkdir,
    /// An instruction of the image's own Dockerfile added it.
    Brought {
        by: String,
    },
    /// A `RUN` of the image's own Dockerfile made it, and no package owns it.
    Made {
        by: String,
        confidence: Confidence,
    },
    /// `--keep-companions`.
    Companion,
    /// Scanners know packages by it.
    PackageDatabase,
    /// A keep rule that needs no kept file.
    Rule {
        rule: &'static str,
        because: Because,
        confidence: Confidence,
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

/// The source of a library that is loaded though the program does not name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Injector {
    Preload,
    Audit,
    PreloadFile,
    /// gcompat's loader, which starts musl's with a library.
    StandIn,
}

/// The confidence of a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Without the file, something that was there before fails.
    Certain,
    /// Named where it is used, though no run may get there.
    Likely,
    /// Named, perhaps by chance.
    Possible,
}

impl Confidence {
    /// The surest first.
    pub const ALL: [Self; 3] = [Self::Certain, Self::Likely, Self::Possible];
}

impl Why {
    pub(super) fn command(word: String, line: usize) -> Self {
        Self::Command { word, line }
    }

    pub(super) fn mention(word: String, line: usize) -> Self {
        Self::Mention { word, line }
    }

    pub(super) fn include(word: String, line: usize) -> Self {
        Self::Include { word, line }
    }

    pub(super) fn runtime(language: Language) -> Self {
        Self::Runtime { language }
    }

    pub(super) fn module(language: Language, name: String) -> Self {
        Self::Module { language, name }
    }

    /// Whether it is no more than that a text, or the name of something else, suggests the file.
    pub(super) fn is_mention(&self) -> bool {
        match self {
            Self::Mention { .. } | Self::DataPackage { .. } => true,
            Self::Rule { confidence, .. } => *confidence == Confidence::Possible,
            _ => false,
        }
    }

    pub fn confidence(&self) -> Confidence {
        match self {
            // The page of a rule gives the confidence of each pattern; it does not follow from the
            // kind of reason.
            Self::Rule { confidence, .. }
            | Self::Root(Root::Rule { confidence, .. } | Root::Made { confidence, .. }) => {
                *confidence
            }
            // A file that marks a library as required in its note fails without it.
            Self::Announced { required: true, .. } => Confidence::Certain,
            // These are named in a configuration or a source, but the run that uses them may never
            // happen.
            Self::Root(
                Root::Argument { .. }
                | Root::ShellText { .. }
                | Root::Variable { .. }
                | Root::InWorkdir
                | Root::Brought { .. },
            )
            | Self::MayOpen { .. }
            | Self::Announced { .. }
            | Self::Command { .. }
            | Self::Include { .. }
            | Self::Module { .. } => Confidence::Likely,
            // A path in a script may be one that the script creates or removes, so the mention
            // alone proves little.
            Self::Mention { .. } | Self::Named { .. } | Self::DataPackage { .. } => {
                Confidence::Possible
            }
            // All that is left is what a loader or the kernel opens itself; without it the program
            // does not start.
            _ => Confidence::Certain,
        }
    }
}

impl Field {
    /// The option that replaces the field.
    pub(super) fn option(self) -> &'static str {
        match self {
            Self::Cmd => "--cmd",
            _ => "--entrypoint",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(root) => root.fmt(f),
            Self::Directory => f.write_str("its parent directory"),
            Self::OnTheWay => f.write_str("on the path to it"),
            Self::Target => f.write_str("the target of the symlink"),
            Self::Interpreter => f.write_str("its loader"),
            Self::Needed { soname, found } => {
                write!(f, "needed by it as `{}`, {found}", soname.escape_ascii())
            }
            Self::Filter { soname, found } => {
                write!(
                    f,
                    "named by it as the filter `{}`, {found}",
                    soname.escape_ascii()
                )
            }
            Self::Injected { soname, by, found } => {
                write!(
                    f,
                    "loaded into it as `{}` by {by}, {found}",
                    soname.escape_ascii()
                )
            }
            Self::Opened {
                soname,
                symbol,
                found,
                ..
            } => {
                let soname = soname.escape_ascii();
                write!(f, "opened as `{soname}` when it calls `{symbol}`, {found}")
            }
            Self::LoaderReads => f.write_str("read by the loader"),
            Self::Shebang => f.write_str("the interpreter on its `#!` line"),
            Self::Command { word, line } => write!(f, "the command `{word}` on line {line}"),
            Self::Mention { word, line } => write!(f, "the path `{word}` on line {line}"),
            Self::Named { word, line } => write!(f, "the name `{word}` on line {line}"),
            Self::Record { package } => write!(f, "the database record of its package `{package}`"),
            Self::Include { word, line } => write!(f, "included as `{word}` on line {line}"),
            Self::MayOpen { soname, found } => {
                write!(
                    f,
                    "it contains the name `{}` and may open it, {found}",
                    soname.escape_ascii()
                )
            }
            Self::Announced { soname, found, .. } => {
                write!(
                    f,
                    "listed in its `.note.dlopen` as `{}`, {found}",
                    soname.escape_ascii()
                )
            }
            Self::Rule { rule, because, .. } => write_rule(f, rule, because),
            Self::DataPackage { package } => {
                write!(f, "part of `{package}`, the data of its package")
            }
            Self::Runtime { language } => write!(f, "part of the {language} runtime"),
            Self::Module { language, name } => {
                write!(f, "part of `{name}`, which programs in {language} can load")
            }
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Java => "Java",
            Self::Lua => "Lua",
            Self::Other => "another language",
            Self::Node => "Node",
            Self::Perl => "Perl",
            Self::Php => "PHP",
            Self::Python => "Python",
            Self::Ruby => "Ruby",
        })
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(field) => write!(f, "the {field} program"),
            Self::Argument { of, word } => write!(f, "the argument `{word}` of {of}"),
            // Most commands have one line, and a line number would only make the reader look for
            // the others.
            Self::ShellText { of, word, line: 1 } => write!(f, "the word `{word}` in {of}"),
            Self::ShellText { of, word, line } => {
                write!(f, "the word `{word}` on line {line} of {of}")
            }
            Self::Variable { name } => write!(f, "the value of the variable `{name}`"),
            Self::Workdir => f.write_str("the working directory"),
            Self::Volume => f.write_str("a volume"),
            Self::Home => f.write_str("the home directory of the user"),
            Self::Glob { pattern } => write!(f, "requested by `--keep {pattern}`"),
            Self::InWorkdir => f.write_str("in the working directory"),
            Self::Brought { by } => write!(f, "added by `{by}`"),
            Self::Made { by, .. } => write!(f, "made by `{by}`"),
            Self::Companion => {
                f.write_str("a companion of the program, requested by `--keep-companions`")
            }
            Self::PackageDatabase => f.write_str("the package database that scanners read"),
            Self::Rule { rule, because, .. } => write_rule(f, rule, because),
        }
    }
}

fn write_rule(f: &mut fmt::Formatter<'_>, rule: &str, because: &Because) -> fmt::Result {
    match because {
        Because::Always => write!(f, "always kept by the rule `{rule}`"),
        Because::Variable(name) => write!(f, "by the rule `{rule}`, because `{name}` is set"),
        Because::Import(symbol) => write!(f, "by the rule `{rule}`, because it calls `{symbol}`"),
        Because::Name => write!(f, "by the rule `{rule}`, because it is kept"),
        Because::Literal(text) => {
            write!(f, "by the rule `{rule}`, because it contains `{text}`")
        }
        Because::Word { word, line } => {
            write!(
                f,
                "by the rule `{rule}`, because `{word}` is on line {line}"
            )
        }
        Because::Mention { path } => {
            write!(
                f,
                "by the rule `{rule}`, because it contains the path `{path}`"
            )
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
            Self::StandIn => "the loader of gcompat",
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
