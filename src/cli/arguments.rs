//! What can be typed.

use std::path::PathBuf;
use std::str::FromStr as _;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::advisories::AdvisoryArguments;
use super::baseline::BaselineArguments;
use super::completions::{CompletionArguments, ManArguments};
use super::diff::DiffArguments;
use super::documents::DocumentArguments;
use super::files::FileArguments;
use super::guide::PageNameParser;
use super::inspect::InspectArguments;
use super::limits::LimitArguments;
use super::lsp::LspArguments;
use super::policy::PolicyArguments;
use super::program::ProgramArguments;
use super::reports::ReportArguments;
use super::shellcheck::ShellcheckArguments;
use super::source::SourceArguments;
use super::writing::WritingArguments;
use crate::config::FailOn;
use crate::lint::{Category, Profile, Tool};
use crate::slim::Confidence;

/// Lints Dockerfiles, and slims images to what their program needs.
#[derive(Debug, Parser)]
#[command(
    name = "jettison",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
#[command(
    after_help = "Exit status: 0 clean, 1 findings at or above --fail-on, 2 could not do it."
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto",
        env = "JETTISON_COLOR",
        hide_env = true
    )]
    pub(super) color: Color,
    /// What frames and arrows are drawn with; on a terminal, by default, what the locale has
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "CHARACTERS",
        default_value = "auto",
        env = "JETTISON_CHARSET",
        hide_env = true
    )]
    pub(super) charset: Charset,
    /// Say nothing but the result and errors
    #[arg(long, short, global = true, env = "JETTISON_QUIET", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Charset {
    Auto,
    Utf8,
    Ascii,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Lint(LintArguments),
    Slim(SlimArguments),
    Verify(super::verify::VerifyArguments),
    Why(WhyArguments),
    WhyNot(super::why_not::WhyNotArguments),
    Deps(DepsArguments),
    Inspect(InspectArguments),
    Diff(DiffArguments),
    Explain(ExplainArguments),
    Rules(RulesArguments),
    Config(ConfigArguments),
    Lsp(LspArguments),
    Completions(CompletionArguments),
    Man(ManArguments),
}

/// Find defects in Dockerfiles and images
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  jettison lint                      all Dockerfiles below this folder
  jettison lint Dockerfile.prod      one file
  jettison lint - < Dockerfile       standard input
  jettison lint --staged             what git would commit
  jettison lint --select all --format json
  jettison lint --format text --format sarif=out.sarif
  jettison lint --ignore latest-tag,DL3008 --fail-on error
  jettison lint --build-arg VERSION=12 --target production
  jettison lint app.tar              an image, with its history
  jettison lint Dockerfile --image oci:build:app
  jettison lint app.tar --osv osv/Debian/all.zip
  jettison lint --fix                apply safe fixes
  jettison lint --diff --unsafe-fixes | git apply
  jettison lint --write-baseline .jettison-baseline.json

Every option can be set in the environment too: JETTISON_FAIL_ON=error is --fail-on error.")]
pub(super) struct LintArguments {
    /// Files, folders to search, `-` for standard input, or images: archives, or named as `slim`
    /// names them
    #[arg(value_name = "PATH", default_value = ".")]
    pub(super) paths: Vec<PathBuf>,
    /// Check these rules only, by name or by another tool's code; `all` for every rule
    #[arg(
        long,
        help_heading = "Rules",
        value_name = "NAMES",
        value_delimiter = ',',
        env = "JETTISON_SELECT",
        hide_env = true
    )]
    pub(super) select: Vec<String>,
    /// Leave these rules out
    #[arg(
        long,
        help_heading = "Rules",
        value_name = "NAMES",
        value_delimiter = ',',
        env = "JETTISON_IGNORE",
        hide_env = true
    )]
    pub(super) ignore: Vec<String>,
    /// The set of rules, unless --select is given: `default`; `minimal`, which also reports root,
    /// shells, package managers, compilers, debuggers and setuid programs in the image; or
    /// `pedantic` for all [default: default]
    #[arg(
        long,
        help_heading = "Rules",
        value_parser = Profile::from_str,
        env = "JETTISON_PROFILE",
        hide_env = true
    )]
    pub(super) profile: Option<Profile>,
    /// The value of a build argument, as `docker build` takes it; without a value, the
    /// environment's
    #[arg(
        long,
        help_heading = "Build",
        value_name = "NAME[=VALUE]",
        env = "JETTISON_BUILD_ARG",
        hide_env = true
    )]
    pub(super) build_arg: Vec<String>,
    /// The stage that is built [default: the last]
    #[arg(
        long,
        help_heading = "Build",
        value_name = "STAGE",
        env = "JETTISON_TARGET",
        hide_env = true
    )]
    pub(super) target: Option<String>,
    /// The configuration file to use, instead of the nearest `.jettison.toml` or `.hadolint.yaml`
    #[arg(
        long,
        help_heading = "Configuration",
        value_name = "FILE",
        env = "JETTISON_CONFIG",
        hide_env = true
    )]
    pub(super) config: Option<PathBuf>,
    /// Use no configuration file, whatever names one
    #[arg(long, help_heading = "Configuration", env = "JETTISON_NO_CONFIG", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) no_config: bool,
    /// Let no comment in a file silence anything
    #[arg(long, help_heading = "Rules", env = "JETTISON_NO_PRAGMAS", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) no_pragmas: bool,
    /// Fail on findings of this severity or graver: error, warning, info, style or none [default:
    /// info]
    #[arg(
        long,
        help_heading = "Rules",
        value_name = "SEVERITY",
        env = "JETTISON_FAIL_ON",
        hide_env = true
    )]
    pub(super) fail_on: Option<FailOn>,
    // What follows has headings, which hold for all options below them.
    #[command(flatten)]
    pub(super) shellcheck: ShellcheckArguments,
    #[command(flatten)]
    pub(super) reports: ReportArguments,
    #[command(flatten)]
    pub(super) fix: super::fix::FixArguments,
    /// Check this image too, and say which instruction of the Dockerfiles brought what is found
    #[arg(
        long,
        help_heading = "Images",
        value_name = "IMAGE",
        env = "JETTISON_IMAGE",
        hide_env = true,
        value_delimiter = ' '
    )]
    pub(super) image: Vec<String>,
    #[command(flatten, next_help_heading = "Images")]
    pub(super) advisories: AdvisoryArguments,
    #[command(flatten)]
    pub(super) files: FileArguments,
    #[command(flatten)]
    pub(super) baseline: BaselineArguments,
    #[command(flatten)]
    pub(super) source: SourceArguments,
    #[command(flatten)]
    pub(super) limits: LimitArguments,
}

/// Write an image that holds only what the program needs
#[derive(Args, Debug)]
#[command(
    after_help = "Images are named as skopeo names them: docker-archive:FILE[:REF], oci:DIR[:REF],
oci-archive:FILE[:REF], rootfs:DIR, docker-daemon:REF (Docker or Podman), docker://REF (a registry),
- for a stream, or a path, recognised by its content. Any other name is asked of the daemon.

Examples:
  jettison slim app:latest -t app:slim
  jettison slim docker://registry.example/app:1 -o docker://registry.example/app:slim
  docker save app | jettison slim - -o - -t app:slim | docker load
  jettison slim app.tar -o docker-archive:slim.tar -t app:slim
  jettison slim oci:build:app -o oci:slim:app --keep '/etc/nginx/**'
  jettison slim app.tar --dry-run --report slim.html
  jettison slim app.tar -o oci:slim:app --sbom spdx=app.spdx.json
  jettison slim app.tar -o oci:slim:app --osv osv/Debian/all.zip --vex app.vex.json"
)]
pub(super) struct SlimArguments {
    /// The image to slim
    pub(super) image: String,
    /// The image to write; where the image comes from a daemon or a registry, --tag alone will do
    #[arg(long, short, value_name = "IMAGE", required_unless_present_any = ["dry_run", "tag"])]
    pub(super) output: Option<String>,
    /// The name of the new image
    #[arg(long, short, value_name = "NAME")]
    pub(super) tag: Option<String>,
    /// Slim the images for all platforms, and write an index of them
    #[arg(long, conflicts_with_all = ["platform", "report", "sbom", "vex"])]
    pub(super) all_platforms: bool,
    /// Say what would be kept and dropped, and write no image
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Write the image even where its verification fails or it breaks the policy
    #[arg(long)]
    pub(super) force: bool,
    // What follows has headings, which hold for all options below them.
    #[command(flatten)]
    pub(super) plan: PlanArguments,
    #[command(flatten)]
    pub(super) program: ProgramArguments,
    #[command(flatten)]
    pub(super) writing: WritingArguments,
    #[command(flatten)]
    pub(super) documents: DocumentArguments,
    #[command(flatten)]
    pub(super) source: SourceArguments,
    #[command(flatten)]
    pub(super) policy: PolicyArguments,
    #[command(flatten)]
    pub(super) limits: LimitArguments,
}

/// What decides which files are kept.
#[derive(Args, Debug)]
#[command(next_help_heading = "What is kept")]
pub(super) struct PlanArguments {
    /// Keep what this pattern matches, with all that it needs; `/etc/app/**` is all below a folder
    #[arg(long, value_name = "GLOB")]
    pub(super) keep: Vec<String>,
    /// Drop what this pattern matches, and all below it, whatever needs it
    #[arg(long, value_name = "GLOB")]
    pub(super) drop: Vec<String>,
    /// How sure a reason must be to keep a file
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "possible")]
    pub(super) keep_level: KeepLevel,
    /// Leave out the records by which scanners know the packages that remain
    #[arg(long)]
    pub(super) no_package_records: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum KeepLevel {
    /// Without the file something fails
    Certain,
    /// Also what is named where it is used
    Likely,
    /// Also what is named anywhere
    Possible,
}

impl From<KeepLevel> for Confidence {
    fn from(level: KeepLevel) -> Self {
        match level {
            KeepLevel::Certain => Self::Certain,
            KeepLevel::Likely => Self::Likely,
            KeepLevel::Possible => Self::Possible,
        }
    }
}

/// Say why a file of an image is kept, or that it is not
#[derive(Args, Debug)]
#[command(after_help = "Example:
  jettison why app.tar /usr/lib/x86_64-linux-gnu/libz.so.1
  jettison why app.tar /usr/bin/dash --all")]
pub(super) struct WhyArguments {
    /// The image
    pub(super) image: String,
    /// A path in the image
    pub(super) path: String,
    /// Show every reason, and the reasons of those that give it, as a tree
    #[arg(long)]
    pub(super) all: bool,
    #[command(flatten)]
    pub(super) plan: PlanArguments,
    #[command(flatten)]
    pub(super) program: ProgramArguments,
    #[command(flatten)]
    pub(super) source: SourceArguments,
    #[command(flatten)]
    pub(super) limits: LimitArguments,
}

/// Say which libraries a program loads, and how each is found, without running anything
#[derive(Args, Debug)]
#[command(
    after_help = "Exit status: 0 all programs would start, 1 something is missing, 2 could not do it.

Examples:
  jettison deps app.tar                            all programs of an image
  jettison deps app.tar nginx --format json
  jettison deps rootfs:/ ffmpeg                    as ldd, but safe
  jettison deps rootfs:/ git --format paths | tar -c -T - -f git.tar"
)]
pub(super) struct DepsArguments {
    /// The image, or `rootfs:` and a folder
    pub(super) image: String,
    /// Programs or libraries: paths in the image, or names to look for in its PATH; by default all
    /// programs
    #[arg(value_name = "PROGRAM")]
    pub(super) programs: Vec<String>,
    /// How to print them
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: DepsFormat,
    /// The processor to load for: a level such as `x86-64-v3`, `baseline`, or `all` [default: this
    /// one]
    #[arg(long, value_name = "LEVEL")]
    pub(super) cpu: Option<String>,
    /// Set a variable of the environment, such as the path to libraries
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) env: Vec<String>,
    /// Find undefined symbols too, as `ldd -r` does
    #[arg(long)]
    pub(super) symbols: bool,
    #[command(flatten)]
    pub(super) source: SourceArguments,
    #[command(flatten)]
    pub(super) limits: LimitArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum DepsFormat {
    Text,
    Json,
    Dot,
    Paths,
}

/// Explain a rule, or print a page of the guide
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  jettison explain root-user
  jettison explain DL3008
  jettison explain keep/time-zones         files that slim keeps, and why
  jettison explain guide                   the pages of the guide
  jettison explain guide/slim
  jettison explain --category security
  jettison explain --alias-of hadolint     which rule stands for which code

A page that is longer than the terminal is shown with PAGER.")]
pub(super) struct ExplainArguments {
    /// The name of a rule or the start of it, another tool's code for it, `keep/NAME` or
    /// `guide/NAME` [default: list all rules and pages]
    #[arg(value_name = "NAME", value_parser = PageNameParser, hide_possible_values = true)]
    pub(super) rule: Option<String>,
    /// List the rules of this category only
    #[arg(long, value_name = "CATEGORY", value_parser = category, conflicts_with = "rule")]
    pub(super) category: Option<Category>,
    /// List the rules that stand for a check of this tool, by its codes
    #[arg(long, value_name = "TOOL", value_parser = tool, conflicts_with = "rule")]
    pub(super) alias_of: Option<Tool>,
    /// How to print the page or the list
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: ListFormat,
}

fn category(text: &str) -> Result<Category, String> {
    text.parse().map_err(|()| {
        format!(
            "there are {}",
            Category::ALL.map(Category::as_str).join(", ")
        )
    })
}

fn tool(text: &str) -> Result<Tool, String> {
    text.parse()
        .map_err(|()| format!("there are {}", Tool::ALL.map(Tool::as_str).join(", ")))
}

/// List all rules
#[derive(Args, Debug)]
pub(super) struct RulesArguments {
    /// How to print the list
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: ListFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    Text,
    Json,
    Markdown,
}

/// Describe the configuration file, or make one of hadolint's
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  jettison config schema > jettison.schema.json
  jettison config migrate > .jettison.toml
  jettison config migrate ci/hadolint.yaml")]
pub(super) struct ConfigArguments {
    #[command(subcommand)]
    pub(super) command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Print the JSON Schema of `.jettison.toml`
    Schema,
    /// Print the `.jettison.toml` that means what a `.hadolint.yaml` does
    Migrate {
        /// hadolint's file; by default the nearest one
        file: Option<PathBuf>,
    },
}
