//! `jettison verify`.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use clap::Args;

use super::arguments::PlanArguments;
use super::attested::{self, Attested};
use super::limits::LimitArguments;
use super::progress::Bar;
use super::slim::failed;
use super::source::{SourceArguments, finish};
use super::{Outcome, Output};
use crate::attestation::{Images, Original};
use crate::image::Image;
use crate::packages;
use crate::printable::{Lines, escape_bytes};
use crate::slim::{self, Plan, PlanError, PlanOptions};

/// Check that an image has everything its program needs, or compare it with the original
#[derive(Args, Debug)]
#[command(
    after_help = "Exit status: 0 nothing is missing, 1 something is missing, 2 error.

Examples:
  jettison verify slim.tar                     the program and everything it needs
  jettison verify slim.tar --against app.tar   all files: those that `slim` would keep, their
                                               dependencies, links, modes, owners
  jettison verify slim.tar --against app.tar --keep-level certain --drop /usr/share/fonts
                                               with the options that were used to slim it
  jettison verify oci:slim:app --against oci:build:app --attestation --key public.pem
                                               what the attached statement says about each file"
)]
#[expect(
    clippy::option_option,
    reason = "clap has it for an option whose value may be left out"
)]
pub(super) struct VerifyArguments {
    /// Image to check
    image: String,
    /// Original image to compare it with
    #[arg(long, value_name = "ORIGINAL")]
    against: Option<String>,
    /// Check the statement that `slim --attest` attached to the image, or the one in this file,
    /// against the image and, with --against, the original
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    attestation: Option<Option<PathBuf>>,
    /// Require that this public key signed the statement: Ed25519 or ECDSA P-256, in a PEM file
    #[arg(long, value_name = "FILE", requires = "attestation")]
    key: Option<PathBuf>,
    // These are the same as those of `slim`, defaults included, so that a file that `slim` keeps
    // is a file that `verify` misses.
    #[command(flatten)]
    plan: PlanArguments,
    #[command(flatten)]
    source: SourceArguments,
    #[command(flatten)]
    limits: LimitArguments,
}

pub(super) fn run(arguments: &VerifyArguments, output: Output) -> anyhow::Result<Outcome> {
    if let Some(file) = &arguments.attestation {
        return attestation(arguments, file.as_deref(), output);
    }
    // A slimmed image often has another name than the original, which the deployment starts.
    let name = arguments.against.as_ref().unwrap_or(&arguments.image);
    let options = arguments.plan.options(name)?;
    let bar = Bar::new(output);
    let (source, limits) = (&arguments.source, &arguments.limits);
    let image = source.open(&arguments.image, limits.options(), &bar)?;
    let text = if let Some(original) = &arguments.against {
        let mut original = source.open(original, limits.options(), &bar)?;
        // `slim --entrypoint` may have changed the program. A root directory has no configuration.
        let config = &image.config;
        if !(config.entrypoint().is_empty() && config.cmd().is_empty()) {
            original.config = original.config.with_settings_of(&image.config);
        }
        // Compares all files that both images have, because the original shows what each file
        // needs.
        let plan = plan_of(&original, options)?;
        let failures = slim::verify_against(&original, &image, plan.as_ref())?;
        failed(&original.tree, &failures)
    } else {
        missing(&image, &options)
    };
    drop(bar);
    output.print(&text)?;
    // Without problems there is no output, as with `grep`.
    Ok(if text.is_empty() {
        Outcome::Clean
    } else {
        Outcome::Found
    })
}

/// Checks a statement about slimming.
fn attestation(
    arguments: &VerifyArguments,
    file: Option<&Path>,
    output: Output,
) -> anyhow::Result<Outcome> {
    let bar = Bar::new(output);
    let (options, limits) = (&arguments.source, &arguments.limits);
    let key = match &arguments.key {
        Some(path) => Some(attested::verifying_key(path)?),
        None => None,
    };
    let source = options.source(&arguments.image, limits.options(), &bar)?;
    let (image, checks) = options.image_of(&source, &arguments.image, &bar)?;
    finish(checks, &arguments.image)?;
    let original = match &arguments.against {
        Some(original) => Some(options.open(original, limits.options(), &bar)?),
        None => None,
    };
    let packages = match &original {
        Some(original) => Some(packages::read(original)?),
        None => None,
    };
    let original = match (&original, &packages) {
        (Some(image), Some(packages)) => Some(Original { image, packages }),
        _ => None,
    };
    let attested = Attested {
        name: &arguments.image,
        source: &source,
        images: Images::new(&image, original),
        carried: RefCell::default(),
        key: key.as_ref(),
    };
    let (lines, notes) = match file {
        Some(file) => attested.check_file(file)?,
        None => attested.check_attached()?,
    };
    drop(bar);
    output.print(&lines)?;
    if lines.is_empty() {
        output.note(notes);
        return Ok(Outcome::Clean);
    }
    Ok(Outcome::Found)
}

/// The plan of `slim` for the original; `None` if its program is unknown. The image is then
/// compared in all other respects.
fn plan_of(original: &Image, options: PlanOptions) -> anyhow::Result<Option<Plan>> {
    let options = PlanOptions {
        no_package_records: true,
        ..options
    };
    match slim::plan(original, &options) {
        Ok(plan) => Ok(Some(plan)),
        Err(
            PlanError::NoProgram
            | PlanError::ProgramNotFound { .. }
            | PlanError::Systemd { .. }
            | PlanError::ProgramComputed { .. },
        ) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A line for each missing file that the image's program needs.
fn missing(image: &Image, options: &PlanOptions) -> Lines {
    let mut lines = Lines::new();
    let plan = match slim::plan(image, options) {
        Ok(plan) => plan,
        // The program itself is missing, or the configuration names none.
        Err(error) => {
            lines.line(error);
            return lines;
        }
    };
    for (field, program) in plan.absent_programs() {
        let program = field.shown(program);
        lines.line(format_args!(
            "`{program}`, the program of {field}, is not in the image"
        ));
    }
    for unmet in plan.unmet() {
        let path = escape_bytes(&image.tree.path(unmet.by));
        lines.line(format_args!(
            "{path}: needs {}, which is missing",
            unmet.need
        ));
    }
    lines
}
