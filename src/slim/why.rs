//! Reasons to keep a file; there is a variant for every kind.

use std::fmt;

use crate::elf::Found;
use crate::evidence::observation::Act;
pub use crate::knowledge::Language;

/// The relation between a kept file and its dependent. It is displayed as a phrase about the file,
/// in which "its" refers to the dependent: "required as `libc.so.6`, found in a default
/// directory".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// A root: the image configuration, the user, or a convention instead of another file.
    Root(Root),
    /// Its parent directory.
    Directory,
    /// A directory or a symlink on the path to it.
    OnTheWay,
    /// The target of a symlink.
    Target,
    /// Its loader, which the kernel starts or which would map it.
    Interpreter,
    /// A library that it depends on.
    Needed { soname: Vec<u8>, found: Found },
    /// A library named in one of its filter or auditing entries.
    Filter { soname: Vec<u8>, found: Found },
    /// A library that is loaded into it through `LD_PRELOAD`, `LD_AUDIT` or `/etc/ld.so.preload`.
    Injected {
        soname: Vec<u8>,
        by: Injector,
        found: Found,
    },
    /// A library that the C library opens by name for a function called by it or by a library in
    /// its process.
    Opened {
        soname: Vec<u8>,
        symbol: &'static str,
        rule: &'static str,
        found: Found,
    },
    /// A file that a loader reads before it searches.
    LoaderReads,
    /// The program in its `#!` line, or the one that `env` starts.
    Shebang,
    /// A command in a script.
    Command { word: String, line: usize },
    /// An existing path in a script.
    Mention { word: String, line: usize },
    /// A program whose name is a string in it, a source.
    Named { word: String, line: usize },
    /// The record by which scanners know the package that it belongs to.
    Record { package: String },
    /// A script that it includes.
    Include { word: String, line: usize },
    /// A library that it may open, because it contains the name.
    MayOpen { soname: Vec<u8>, found: Found },
    /// A library that it declares to open in a note.
    Announced {
        soname: Vec<u8>,
        required: bool,
        found: Found,
    },
    /// A keep rule that it triggers.
    Rule {
        rule: &'static str,
        because: Because,
        confidence: Confidence,
    },
    /// A unit that it (systemd or another unit) starts at some point, or a file of that unit.
    Unit {
        relation: UnitRelation,
        confidence: Confidence,
    },
    /// A unit or file named in one of its settings, if it is a unit file.
    UnitSetting {
        key: &'static str,
        value: String,
        line: usize,
        confidence: Confidence,
    },
    /// A file of the data package that belongs to the program's own package.
    DataPackage { package: String },
    /// A module that it imports.
    Imported(Import),
    /// A module that it names in a string.
    ModuleNamed(Import),
    /// The list of a distribution's plugins, whose group it asks for.
    PluginsOf(Import),
    /// A distribution that it, the metadata of another, requires.
    Requirement { package: String },
    /// Data of the package whose module it is.
    PackageData { package: String },
    /// Part of the runtime of an interpreter.
    Runtime { language: Language },
    /// A file or directory whose path it computes.
    Reads { path: String, line: usize },
    /// A file that it may load, because it computes the name of a module.
    Computed { call: String, line: usize },
    /// Another file of a package that is loaded.
    PackagePart { package: String },
    /// An addon or a library of a package that is loaded.
    PackageAddon { package: String },
    /// A module or package that programs in a language can load: an installed one, or the program's
    /// own.
    Module { language: Language, name: String },
}

/// The name by which a file loads a module, and the line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Import {
    pub module: String,
    pub line: usize,
}

/// The relation between systemd or a unit and a unit that is not named in a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnitRelation {
    /// The target that systemd starts at boot.
    Default,
    /// Started to stop the container.
    Shutdown,
    /// Pulled in by every unit of this kind.
    Implied,
    /// In its `.wants` or `.requires` directory.
    Enabled,
    /// The unit that a symlink or a service of another kind is named after.
    SameName,
    /// A file that changes its settings.
    DropIn,
    /// A program that creates units at boot.
    Generator,
    /// Created by a generator.
    Generated,
    /// Started when a program calls it through D-Bus.
    Activated,
    /// Started by the program of the unit.
    Started,
}

/// The trigger of a keep rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Because {
    /// The rule is unconditional.
    Always,
    /// A variable that the image sets.
    Variable(&'static str),
    /// A symbol that a file imports.
    Import(&'static str),
    /// The name or path of a file.
    Name,
    /// A text in a file.
    Literal(&'static str),
    /// A word in a file that is read for the rule.
    Word { word: String, line: usize },
    /// A path in an ELF file.
    Mention { path: String },
}

/// The start of a chain of reasons.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Root {
    /// The program of a field of the configuration.
    Program(Field),
    /// An argument in such a field that refers to a file or a program.
    Argument {
        of: Field,
        word: String,
    },
    /// A command or a path in a shell script in such a field, with the line in that script.
    ShellText {
        of: Field,
        word: String,
        line: usize,
    },
    /// An environment variable whose value is its path.
    Variable {
        name: String,
    },
    Workdir,
    Volume,
    /// The home directory of the user that the program runs as.
    Home,
    /// `--keep`.
    Glob {
        pattern: String,
    },
    /// A test of the slimmed image failed without it.
    AskedFor,
    /// Used in a run that was observed.
    Observed {
        act: Act,
        program: Vec<u8>,
    },
    /// A file in the working directory, which is not a directory of the distribution.
    InWorkdir,
    /// A file added by an instruction of the image's own Dockerfile.
    Brought {
        by: String,
    },
    /// Created by a `RUN` in the image's own Dockerfile and not owned by a package.
    Made {
        by: String,
        confidence: Confidence,
    },
    /// A value of a deployment.
    Deployed(Field),
    /// `--keep-companions`.
    Companion,
    /// Scanners know packages by it.
    PackageDatabase,
    /// A keep rule that is not triggered by a kept file.
    Rule {
        rule: &'static str,
        because: Because,
        confidence: Confidence,
    },
}

/// A field of the image configuration that contains a command, or a key of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    Entrypoint,
    Cmd,
    Healthcheck,
    Shell,
    /// A key of a deployment, which lives as long as the program so that this type can be copied.
    Deployed(&'static DeployedKey),
}

/// A key of a deployment, and its place.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeployedKey {
    /// `livenessProbe`, or the name of an environment variable.
    pub key: String,
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// The words of the value, each with what is shown in its place if it is private.
    pub words: Vec<(String, Option<String>)>,
}

/// The source of an injected library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Injector {
    Preload,
    Audit,
    PreloadFile,
    /// gcompat's loader, which starts musl's loader with a preloaded library.
    StandIn,
}

/// The confidence of a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Without the file, something that used to work fails.
    Certain,
    /// A program used it in a run that was observed.
    Observed,
    /// Referenced where it is used, although that code may never run.
    Likely,
    /// Mentioned, possibly by coincidence.
    Possible,
}

impl Confidence {
    /// The most certain first.
    pub const ALL: [Self; 4] = [Self::Certain, Self::Observed, Self::Likely, Self::Possible];
}

impl Field {
    /// The text that is shown for a word of the field, or for a part of it.
    pub fn shown(self, word: &str) -> &str {
        let Self::Deployed(DeployedKey { words, .. }) = self else {
            return word;
        };
        let is_public =
            |(known, shown): &(String, Option<String>)| shown.is_none() && known == word;
        if words.iter().any(is_public) {
            return word;
        }
        // A word of a script may be written in another way there.
        let private = || words.iter().filter(|(_, shown)| shown.is_some());
        let found = private().find(|(known, _)| known.contains(word));
        match found.or_else(|| private().next()) {
            Some((_, Some(shown))) => shown,
            _ => word,
        }
    }
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

    /// Whether the file is only suggested by a text or by the name of something else.
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
            | Self::Unit { confidence, .. }
            | Self::UnitSetting { confidence, .. }
            | Self::Root(Root::Rule { confidence, .. } | Root::Made { confidence, .. }) => {
                *confidence
            }
            // If a note marks a library as required, the file fails without it.
            Self::Announced { required: true, .. } => Confidence::Certain,
            Self::Root(Root::Observed { .. }) => Confidence::Observed,
            // These are named in a configuration or a source file, but may never be used.
            Self::Root(
                Root::Argument { .. }
                | Root::ShellText { .. }
                | Root::Variable { .. }
                | Root::Deployed(_)
                | Root::InWorkdir
                | Root::Brought { .. },
            )
            | Self::MayOpen { .. }
            | Self::Announced { .. }
            | Self::Command { .. }
            | Self::Include { .. }
            | Self::Reads { .. }
            | Self::Computed { .. }
            | Self::PackagePart { .. }
            | Self::PackageAddon { .. }
            | Self::Imported(_)
            | Self::ModuleNamed(_)
            | Self::PluginsOf(_)
            | Self::Requirement { .. }
            | Self::PackageData { .. }
            | Self::Module { .. } => Confidence::Likely,
            // A path in a script may be one that the script creates or removes, so the mention
            // alone proves little.
            Self::Mention { .. } | Self::Named { .. } | Self::DataPackage { .. } => {
                Confidence::Possible
            }
            // The rest is opened by a loader or the kernel itself; without it, the program does not
            // start.
            _ => Confidence::Certain,
        }
    }

    /// Whether an observation shows better which of the files a program uses: the reason keeps what
    /// a runtime or a feature consists of, and not a file that is opened in any case.
    pub(super) fn is_replaced_by_observation(&self) -> bool {
        match self {
            // Rules for every image keep what the container's engine needs, which is not observed.
            Self::Root(Root::Rule { because, .. }) => *because != Because::Always,
            Self::Rule { .. }
            | Self::Unit { .. }
            | Self::UnitSetting { .. }
            | Self::Announced { .. }
            | Self::Runtime { .. } => true,
            _ => false,
        }
    }

    /// Whether a language loads or reads the file, as a part of itself or of a package; nothing
    /// shows that the file is started as a program.
    pub(super) fn is_loaded(&self) -> bool {
        matches!(
            self,
            Self::Runtime { .. }
                | Self::Module { .. }
                | Self::Imported(_)
                | Self::ModuleNamed(_)
                | Self::PluginsOf(_)
                | Self::Requirement { .. }
                | Self::PackageData { .. }
                | Self::PackagePart { .. }
                | Self::PackageAddon { .. }
                | Self::Computed { .. }
        )
    }

    /// Whether the reason marks a file as the user's own: the Dockerfile added it, it is in the
    /// working directory, or `--keep` names it.
    pub(super) fn is_users(&self) -> bool {
        matches!(
            self,
            Self::Root(
                Root::Brought { .. } | Root::Made { .. } | Root::InWorkdir | Root::Glob { .. }
            )
        )
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
            Self::OnTheWay => f.write_str("a directory or symlink on its path"),
            Self::Target => f.write_str("the target of the symlink"),
            Self::Interpreter => f.write_str("its loader"),
            Self::Needed { soname, found } => write_library(f, "required as", soname, found),
            Self::Filter { soname, found } => {
                write_library(f, "loaded as the filter", soname, found)
            }
            Self::Injected { soname, by, found } => {
                write!(
                    f,
                    "preloaded as `{}` by {by}, {found}",
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
                write!(f, "opened as `{soname}` by a call to `{symbol}`, {found}")
            }
            Self::LoaderReads => f.write_str("read by the loader"),
            Self::Shebang => f.write_str("the interpreter on its `#!` line"),
            Self::Command { word, line } => write!(f, "the command `{word}` on line {line}"),
            Self::Mention { word, line } => write!(f, "the path `{word}` on line {line}"),
            Self::Named { word, line } => write!(f, "the name `{word}` on line {line}"),
            Self::Record { package } => write!(f, "the database record of its package `{package}`"),
            Self::Include { word, line } => write!(f, "included as `{word}` on line {line}"),
            Self::MayOpen { soname, found } => write_library(f, "may be opened as", soname, found),
            Self::Announced { soname, found, .. } => {
                write_library(f, "listed in its `.note.dlopen` as", soname, found)
            }
            Self::Rule { rule, because, .. } => write_rule(f, rule, because),
            Self::Unit { relation, .. } => relation.fmt(f),
            Self::UnitSetting {
                key, value, line, ..
            } => write!(f, "named by `{key}={value}` on line {line}"),
            Self::DataPackage { package } => {
                write!(f, "part of the data package `{package}`")
            }
            Self::Reads { path, line } => write!(f, "its path is `{path}` on line {line}"),
            Self::Computed { call, .. } if call.is_empty() => {
                f.write_str("it may load any module: its source cannot be parsed")
            }
            Self::Computed { call, line } => {
                write!(
                    f,
                    "`{call}` on line {line} may load it: the name is computed"
                )
            }
            Self::PackagePart { package } => write!(f, "part of the package `{package}`"),
            Self::PackageAddon { package } => write!(f, "an addon of the package `{package}`"),
            Self::Imported(Import { module, line }) => {
                write!(f, "imported as `{module}` on line {line}")
            }
            Self::ModuleNamed(Import { module, line }) => {
                write!(f, "named as the module `{module}` on line {line}")
            }
            Self::PluginsOf(Import { module, line }) => {
                write!(
                    f,
                    "the plugins of the group `{module}`, named on line {line}"
                )
            }
            Self::Requirement { package } => {
                write!(f, "`{package}`, which its metadata requires")
            }
            Self::PackageData { package } => write!(f, "data of its package `{package}`"),
            Self::Runtime { language } => write!(f, "part of the {language} runtime"),
            Self::Module { language, name } => {
                write!(f, "part of `{name}`, which {language} programs can load")
            }
        }
    }
}

fn write_library(
    f: &mut fmt::Formatter<'_>,
    role: &str,
    soname: &[u8],
    found: &Found,
) -> fmt::Result {
    write!(f, "{role} `{}`, {found}", soname.escape_ascii())
}

impl fmt::Display for UnitRelation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "the target that it starts at boot",
            Self::Shutdown => "started at shutdown",
            Self::Implied => "required by every unit of its type",
            Self::Enabled => "enabled in its `.wants` or `.requires` directory",
            Self::SameName => "the unit with the same name",
            Self::DropIn => "a drop-in of the unit",
            Self::Generator => "a generator that it runs at boot",
            Self::Generated => "started through the generator",
            Self::Activated => "activated through D-Bus",
            Self::Started => "started by its program",
        })
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(field @ Field::Deployed(_)) => write!(f, "the program of {field}"),
            Self::Program(field) => write!(f, "the {field} program"),
            Self::Argument { of, word } => {
                write!(f, "the argument `{}` of {of}", of.shown(word))
            }
            // Most commands have one line, and a line number would only make the reader look for
            // the others.
            Self::ShellText { of, word, line: 1 } => {
                write!(f, "the word `{}` in {of}", of.shown(word))
            }
            Self::ShellText { of, word, line } => {
                write!(f, "the word `{}` on line {line} of {of}", of.shown(word))
            }
            Self::Variable { name } => write!(f, "the value of the variable `{name}`"),
            Self::Workdir => f.write_str("the working directory"),
            Self::Volume => f.write_str("a volume"),
            Self::Home => f.write_str("the home directory of the user"),
            Self::Glob { pattern } => write!(f, "requested by `--keep {pattern}`"),
            Self::AskedFor => f.write_str("required by the test, absent from the plan"),
            Self::Observed { act, program } => {
                write!(
                    f,
                    "{act} by `{}` in an observed run",
                    program.escape_ascii()
                )
            }
            Self::InWorkdir => f.write_str("in the working directory"),
            Self::Brought { by } => write!(f, "added by `{by}`"),
            Self::Made { by, .. } => write!(f, "created by `{by}`"),
            Self::Deployed(field) => write!(f, "named by {field}"),
            Self::Companion => f.write_str("a companion program, requested by `--keep-companions`"),
            Self::PackageDatabase => f.write_str("the package database that scanners read"),
            Self::Rule { rule, because, .. } => write_rule(f, rule, because),
        }
    }
}

fn write_rule(f: &mut fmt::Formatter<'_>, rule: &str, because: &Because) -> fmt::Result {
    match because {
        Because::Always => write!(f, "kept by the rule `{rule}`, which applies to every image"),
        Because::Variable(name) => write!(f, "kept by the rule `{rule}`, because `{name}` is set"),
        Because::Import(symbol) => write!(
            f,
            "kept by the rule `{rule}`, triggered by a call to `{symbol}`"
        ),
        Because::Name => write!(f, "kept by the rule `{rule}`"),
        Because::Literal(text) => {
            write!(
                f,
                "kept by the rule `{rule}`, triggered by the string `{text}`"
            )
        }
        Because::Word { word, line } => {
            write!(
                f,
                "kept by the rule `{rule}`, triggered by `{word}` on line {line}"
            )
        }
        Because::Mention { path } => {
            write!(
                f,
                "kept by the rule `{rule}`, triggered by the path `{path}`"
            )
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entrypoint => f.write_str("ENTRYPOINT"),
            Self::Cmd => f.write_str("CMD"),
            Self::Healthcheck => f.write_str("HEALTHCHECK"),
            Self::Shell => f.write_str("SHELL"),
            Self::Deployed(DeployedKey {
                key, file, line, ..
            }) => {
                write!(f, "`{key}` ({file}:{line})")
            }
        }
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
            Self::Observed => "observed",
            Self::Likely => "likely",
            Self::Possible => "possible",
        })
    }
}
