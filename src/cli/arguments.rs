//! Command-line grammar: every command and its arguments, as parsed by clap.
//!
//! Doc comments on fields are the text of `--help`. Options that several commands share are in
//! structs of their own, next to the code that uses them.

use std::path::PathBuf;
use std::str::FromStr as _;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::advisories::AdvisoryArguments;
use super::attest::AttestArguments;
use super::baseline::BaselineArguments;
use super::command::Command;
use super::documents::DocumentArguments;
use super::files::FileArguments;
use super::guide::PageNameParser;
use super::limits::LimitArguments;
use super::policy::PolicyArguments;
use super::program::ProgramArguments;
use super::reports::ReportArguments;
use super::shellcheck::ShellcheckArguments;
use super::source::SourceArguments;
use super::test::TestArguments;
use super::writing::WritingArguments;
use crate::config::FailOn;
use crate::lint::{Category, NamedStandard, Profile, Tool};
use crate::slim::{Confidence, Modules, PlanOptions};

/// Lints Dockerfiles and container images, and slims images down to the files they need.
#[derive(Debug, Parser)]
#[command(
    name = "jettison",
    version,
    // Longer lines are hard to read even on a wide terminal.
    max_term_width = 100,
    // Without arguments, new users see the list of commands instead of an error.
    arg_required_else_help = true
)]
#[command(after_help = "Exit status: 0 clean, 1 findings at or above --fail-on, 2 error.")]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
    /// When to use color
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
    /// Character set for frames and arrows; `auto` follows the locale on a terminal and is ASCII
    /// elsewhere
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
    /// Print only results, warnings and errors
    // `JETTISON_QUIET=0` and an empty value mean no, as for every flag that can be set in the
    // environment; clap's default parser accepts only `true` and `false`.
    #[arg(long, short, global = true)]
    #[arg(env = "JETTISON_QUIET", hide_env = true, value_parser = FalseyValueParser::new())]
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

/// Find defects in Dockerfiles and images
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  jettison lint                      all Dockerfiles below this directory
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

Options can also be set in the environment: JETTISON_FAIL_ON=error means --fail-on error.")]
pub(super) struct LintArguments {
    /// Files (Dockerfiles, Compose files, Bake files, Kubernetes manifests), directories to search
    /// for them, `-` for standard input, or images: archives, or names with a transport, such as
    /// `oci:DIR` and `docker://app`
    // A default of `.` also means that `jettison lint` in a repository needs no arguments.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(super) paths: Vec<PathBuf>,
    /// Check only these rules, by name or by another tool's code; `all` selects every rule
    #[arg(
        long,
        help_heading = "Rules",
        value_name = "NAMES",
        value_delimiter = ',',
        env = "JETTISON_SELECT",
        hide_env = true
    )]
    pub(super) select: Vec<String>,
    /// Ignore these rules, by name or by another tool's code
    #[arg(
        long,
        help_heading = "Rules",
        value_name = "NAMES",
        value_delimiter = ',',
        env = "JETTISON_IGNORE",
        hide_env = true
    )]
    pub(super) ignore: Vec<String>,
    /// Set of rules to check unless --select is given: `default`; `minimal`, which also reports
    /// root, shells, package managers, compilers, debuggers and setuid programs in the image; or
    /// `pedantic`, all rules [default: default]
    #[arg(
        long,
        help_heading = "Rules",
        value_parser = Profile::from_str,
        env = "JETTISON_PROFILE",
        hide_env = true
    )]
    pub(super) profile: Option<Profile>,
    /// Check the rules for a standard unless --select is given, and count findings by its
    /// requirements: `cis`, `nist-800-190` or `pss-restricted`
    #[arg(
        long,
        help_heading = "Rules",
        value_name = "STANDARD",
        value_parser = NamedStandard::from_str
    )]
    pub(super) compliance: Option<NamedStandard>,
    /// Set a build argument, as in `docker build`; if no value is given, it is taken from the
    /// environment
    #[arg(
        long,
        help_heading = "Build",
        value_name = "NAME[=VALUE]",
        env = "JETTISON_BUILD_ARG",
        hide_env = true
    )]
    pub(super) build_arg: Vec<String>,
    /// Stage to build [default: the last stage]
    #[arg(
        long,
        help_heading = "Build",
        value_name = "STAGE",
        env = "JETTISON_TARGET",
        hide_env = true
    )]
    pub(super) target: Option<String>,
    /// Use this configuration file instead of the nearest `.jettison.toml` or `.hadolint.yaml`
    #[arg(
        long,
        help_heading = "Configuration",
        value_name = "FILE",
        env = "JETTISON_CONFIG",
        hide_env = true
    )]
    pub(super) config: Option<PathBuf>,
    /// Ignore all configuration files
    #[arg(long, help_heading = "Configuration")]
    #[arg(env = "JETTISON_NO_CONFIG", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) no_config: bool,
    /// Report findings even if a comment in the file suppresses them
    #[arg(long, help_heading = "Rules")]
    #[arg(env = "JETTISON_NO_PRAGMAS", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) no_pragmas: bool,
    /// Fail on findings of this severity or higher: error, warning, info, style or none [default:
    /// info]
    #[arg(
        long,
        help_heading = "Rules",
        value_name = "SEVERITY",
        env = "JETTISON_FAIL_ON",
        hide_env = true
    )]
    pub(super) fail_on: Option<FailOn>,
    // These come last: the `next_help_heading` of a flattened struct also applies to all later
    // options without a heading of their own.
    #[command(flatten)]
    pub(super) shellcheck: ShellcheckArguments,
    #[command(flatten)]
    pub(super) reports: ReportArguments,
    #[command(flatten)]
    pub(super) fix: super::fix::FixArguments,
    /// Also check this image, and show which Dockerfile instruction each finding comes from
    // The variable can hold several images, separated by spaces.
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

/// Write an image that contains only the files that the program needs
#[derive(Args, Debug)]
#[command(
    after_help = "Images are named as in skopeo: docker-archive:FILE[:REF], oci:DIR[:REF],
oci-archive:FILE[:REF], rootfs:DIR, docker-daemon:REF (Docker or Podman), docker://REF (a registry),
- for a stream, or a path, whose format is detected. Any other name is looked up in the daemon.

Examples:
  jettison slim app:latest -t app:slim
  jettison slim docker://registry.example/app:1 -o docker://registry.example/app:slim
  docker save app | jettison slim - -o - -t app:slim | docker load
  jettison slim app.tar -o docker-archive:slim.tar -t app:slim
  jettison slim oci:build:app -o oci:slim:app --keep '/etc/nginx/**'
  jettison slim oci:build:app -o oci:slim:app --rest oci:slim:app-rest
  jettison slim web.tar worker.tar cron.tar --shared -o oci:slim
  jettison slim app.tar --dry-run --report slim.html
  jettison slim app:latest -t app:slim --http-probe /health --test ./smoke.sh
  jettison slim app.tar -o oci:slim:app --sbom spdx=app.spdx.json
  jettison slim oci:build:app -o oci:slim:app --attest --sign-key key.pem
  jettison slim app.tar -o oci:slim:app --osv osv/Debian/all.zip --vex app.vex.json"
)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(super) struct SlimArguments {
    /// Image to slim
    pub(super) image: String,
    /// More images, with --shared
    #[arg(value_name = "IMAGE", requires = "shared")]
    pub(super) more: Vec<String>,
    /// Image to write; --tag is enough if the image comes from a daemon or a registry
    // Whether `--tag` is enough depends on the kind of source, which is checked later.
    #[arg(long, short, value_name = "IMAGE", required_unless_present_any = ["dry_run", "tag"])]
    pub(super) output: Option<String>,
    /// Name of the new image; with --shared, one for each image, in the same order [default with
    /// --shared: the names of the originals]
    #[arg(long, short, value_name = "NAME")]
    pub(super) tag: Vec<String>,
    /// Slim several images, and write them to one OCI layout with layers that they share
    // Documents and overrides are those of a single image.
    #[arg(long, conflicts_with_all = [
        "all_platforms", "rest", "layers", "report", "sbom", "vex", "attest", "attest_file",
        "config_file", "entrypoint", "cmd", "env", "user", "workdir",
    ])]
    pub(super) shared: bool,
    /// Also write the original as an image that adds one layer, with everything that was left out,
    /// to the layers of the new image
    #[arg(long, value_name = "IMAGE", conflicts_with = "dry_run")]
    pub(super) rest: Option<String>,
    /// Slim the image for every platform and write an index
    // Each document describes one image, and its file name does not identify a platform.
    #[arg(long, conflicts_with_all = [
        "platform", "report", "sbom", "vex", "test", "test_command", "http_probe",
    ])]
    pub(super) all_platforms: bool,
    /// Root file systems after each step of the build, for an image that is a directory in a build
    // Only the frontend passes it.
    #[arg(long, value_name = "FILE", hide = true, conflicts_with_all = ["shared", "all_platforms"])]
    pub(super) states: Option<PathBuf>,
    /// Show what would be kept and dropped, but write no image
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Write the image even if verification fails or the image violates the policy
    #[arg(long)]
    pub(super) force: bool,
    // These come last: their headings also apply to all options below them.
    #[command(flatten)]
    pub(super) plan: PlanArguments,
    #[command(flatten)]
    pub(super) program: ProgramArguments,
    #[command(flatten)]
    pub(super) writing: WritingArguments,
    #[command(flatten)]
    pub(super) documents: DocumentArguments,
    #[command(flatten)]
    pub(super) attest: AttestArguments,
    #[command(flatten)]
    pub(super) tests: TestArguments,
    #[command(flatten)]
    pub(super) source: SourceArguments,
    #[command(flatten)]
    pub(super) policy: PolicyArguments,
    #[command(flatten)]
    pub(super) limits: LimitArguments,
}

/// Options that decide which files are kept.
#[derive(Args, Debug)]
#[command(next_help_heading = "Files to keep")]
pub(super) struct PlanArguments {
    /// Keep files that match this pattern, and everything they need; `/etc/app/**` matches
    /// everything below `/etc/app`, and a word without a slash is a program on PATH
    #[arg(long, value_name = "GLOB")]
    pub(super) keep: Vec<String>,
    /// Drop files that match this pattern, and everything below them, even if they are needed
    #[arg(long, value_name = "GLOB")]
    pub(super) drop: Vec<String>,
    /// Minimum confidence of a reason to keep a file
    // The default errs on the side of keeping files: a missing file may only be noticed in
    // production.
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "possible")]
    pub(super) keep_level: KeepLevel,
    /// Keep the files in this file of `jettison observe`, which a program used in a run; may be
    /// repeated
    #[arg(long, value_name = "FILE")]
    pub(super) observed: Vec<PathBuf>,
    /// Also keep what containers of this image run and read in a deployment: a Compose file, a
    /// Kubernetes manifest, or a directory of them; `FILE:SERVICE` selects a service or container;
    /// may be repeated
    #[arg(long, value_name = "FILE[:SERVICE]")]
    pub(super) with: Vec<String>,
    /// Also keep programs that ship with the image's main program, such as `pg_dump` with
    /// `postgres`
    #[arg(long)]
    pub(super) keep_companions: bool,
    /// Modules of npm packages and Python distributions to keep
    /// [default: `modules` in the nearest `.jettison.toml`, or packages]
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(super) modules: Option<ModuleLevel>,
    /// Do not write the package records that scanners use to identify the remaining packages
    #[arg(long)]
    pub(super) no_package_records: bool,
}

impl PlanArguments {
    /// The options for an image, whose name selects the containers of deployments.
    pub(super) fn options(&self, image: &str) -> anyhow::Result<PlanOptions> {
        Ok(PlanOptions {
            keep: self.keep.clone(),
            drop: self.drop.clone(),
            asked_for: Vec::new(),
            observed: super::observe::read(self)?,
            deployed: super::with::containers(&self.with, image)?,
            level: self.keep_level.into(),
            keep_companions: self.keep_companions,
            no_package_records: self.no_package_records,
            modules: self.modules()?,
        })
    }

    /// The option takes precedence over the configuration file.
    fn modules(&self) -> anyhow::Result<Modules> {
        // The file is read in any case: it may also name a directory of keep rules.
        let configured = super::config::modules()?;
        Ok(match self.modules {
            Some(level) => level.into(),
            None => configured.unwrap_or_default(),
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum KeepLevel {
    /// Only files whose absence would break something that works in the original
    Certain,
    /// Also files that programs used in the runs of --observed; rules for features and the files of
    /// runtimes do not count without use
    Observed,
    /// Also files that code or configuration refers to but may never use
    Likely,
    /// Also files that are mentioned anywhere, possibly by coincidence
    Possible,
}

impl From<KeepLevel> for Confidence {
    fn from(level: KeepLevel) -> Self {
        match level {
            KeepLevel::Certain => Self::Certain,
            KeepLevel::Observed => Self::Observed,
            KeepLevel::Likely => Self::Likely,
            KeepLevel::Possible => Self::Possible,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ModuleLevel {
    /// All installed packages
    Off,
    /// Packages that the application imports, with all of their modules
    Packages,
    /// Modules that the application imports, and the data of their packages
    Exact,
}

impl From<ModuleLevel> for Modules {
    fn from(level: ModuleLevel) -> Self {
        match level {
            ModuleLevel::Off => Self::Whole,
            ModuleLevel::Packages => Self::Packages,
            ModuleLevel::Exact => Self::Exact,
        }
    }
}

/// Show why a file in an image is kept, or report that it is not
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  jettison why app.tar /usr/lib/x86_64-linux-gnu/libz.so.1
  jettison why app.tar /usr/bin/dash --all")]
pub(super) struct WhyArguments {
    /// Image to read
    pub(super) image: String,
    /// Path in the image
    pub(super) path: String,
    /// Show all reasons as a tree, down to the image configuration
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

/// Show which libraries a program loads and how each is found, without running anything
#[derive(Args, Debug)]
#[command(
    after_help = "Exit status: 0 all programs would start, 1 something is missing, 2 error.

Examples:
  jettison deps app.tar                            all programs in an image
  jettison deps app.tar nginx --format json
  jettison deps rootfs:/ ffmpeg                    like ldd, but safe
  jettison deps rootfs:/ git --format paths | tar -c -T - -f git.tar"
)]
pub(super) struct DepsArguments {
    /// Image to read, or `rootfs:` and a directory
    pub(super) image: String,
    /// Programs or libraries: paths in the image, or names to search for in its PATH [default: all
    /// programs]
    #[arg(value_name = "PROGRAM")]
    pub(super) programs: Vec<String>,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: DepsFormat,
    /// CPU to load libraries for: a level such as `x86-64-v3`, `baseline`, or `all` [default: this
    /// machine's]
    #[arg(long, value_name = "LEVEL")]
    pub(super) cpu: Option<String>,
    /// Set an environment variable, such as `LD_LIBRARY_PATH`
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) env: Vec<String>,
    /// Also find undefined symbols, as `ldd -r` does
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

/// Explain a rule or print a guide page
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  jettison explain root-user
  jettison explain DL3008
  jettison explain keep/time-zones         files that slim keeps, and why
  jettison explain guide                   list of guide pages
  jettison explain guide/slim
  jettison explain --category security
  jettison explain --alias-of hadolint     the rules for each hadolint code

Pages longer than the terminal are shown in a pager; set PAGER to choose a different one.")]
pub(super) struct ExplainArguments {
    /// Rule name or a prefix of it, another tool's code, `keep/NAME` or `guide/NAME` [default: list
    /// all rules and pages]
    #[arg(value_name = "NAME", value_parser = PageNameParser, hide_possible_values = true)]
    pub(super) rule: Option<String>,
    /// List only the rules in this category
    #[arg(long, value_name = "CATEGORY", value_parser = category, conflicts_with = "rule")]
    pub(super) category: Option<Category>,
    /// List the rules with an alias in this tool, sorted by the tool's codes
    #[arg(long, value_name = "TOOL", value_parser = tool, conflicts_with = "rule")]
    pub(super) alias_of: Option<Tool>,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: ListFormat,
}

fn category(text: &str) -> Result<Category, String> {
    text.parse().map_err(|()| {
        format!(
            "expected one of {}",
            Category::ALL.map(Category::as_str).join(", ")
        )
    })
}

fn tool(text: &str) -> Result<Tool, String> {
    text.parse()
        .map_err(|()| format!("expected one of {}", Tool::ALL.map(Tool::as_str).join(", ")))
}

/// List all rules
#[derive(Args, Debug)]
pub(super) struct RulesArguments {
    /// Check the examples on the pages of the rules and keep rules of the nearest `.jettison.toml`
    #[arg(long, conflicts_with = "format")]
    pub(super) test: bool,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: ListFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    Text,
    Json,
    Markdown,
}

/// Print the schema of the configuration file, or convert hadolint's configuration
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
    /// Convert a `.hadolint.yaml` and print it as `.jettison.toml`
    Migrate {
        /// hadolint's configuration file [default: the nearest]
        file: Option<PathBuf>,
    },
}
