//! `jettison sbom-generator`: the SBOM generator protocol of BuildKit.
//!
//! Source: <https://github.com/moby/buildkit/blob/master/docs/attestations/sbom-protocol.md>.
//! BuildKit mounts the results of a build in directories, says where in environment variables, and
//! attaches the statements that it finds in the destination afterwards.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use serde::Serialize;
use serde_json::value::RawValue;

use super::program::ProgramArguments;
use super::reports::write_file;
use super::{Outcome, documents};
use crate::image::{Image, Options, Reference, Silent};
use crate::slim::{self, Plan, PlanOptions};
use crate::{packages, report};

/// The statement that an attestation consists of.
const STATEMENT: &str = "https://in-toto.io/Statement/v0.1";
/// The type of a statement about an SPDX document.
const PREDICATE: &str = "https://spdx.dev/Document";

/// Write SBOMs for BuildKit: `docker buildx build --sbom=generator=IMAGE` runs this command
#[derive(Args, Debug)]
#[command(after_help = "\
BuildKit sets the environment variables. Parameters of the generator become variables too:
  docker buildx build --sbom=generator=IMAGE,ENTRYPOINT=/app .

Example:
  jettison sbom-generator --source rootfs --destination out --entrypoint /app")]
pub(super) struct SbomGeneratorArguments {
    /// Root directory of the build's result
    #[arg(long, value_name = "DIRECTORY", env = "BUILDKIT_SCAN_SOURCE")]
    source: PathBuf,
    /// Directory for the SBOMs, one file for each root directory
    #[arg(long, value_name = "DIRECTORY", env = "BUILDKIT_SCAN_DESTINATION")]
    destination: PathBuf,
    /// Directory that contains other root directories, such as those of build stages
    // An empty variable counts as unset, and BuildKit may name a directory that does not exist.
    #[arg(
        long,
        value_name = "DIRECTORY",
        env = "BUILDKIT_SCAN_SOURCE_EXTRAS",
        value_parser = OsStringValueParser::new().map(PathBuf::from)
    )]
    source_extras: Option<PathBuf>,
    /// Program of the result: a JSON array, or words separated by whitespace. The SBOM then says
    /// which packages the program can reach
    #[arg(
        long,
        value_name = "COMMAND",
        env = "BUILDKIT_SCAN_ENTRYPOINT",
        allow_hyphen_values = true
    )]
    entrypoint: Option<String>,
}

pub(super) fn run(arguments: &SbomGeneratorArguments) -> anyhow::Result<Outcome> {
    let destination = &arguments.destination;
    if !destination.is_dir() {
        bail!("`{}` is not a directory", destination.display());
    }
    let program = ProgramArguments::with_entrypoint(arguments.entrypoint.as_deref())?;
    let mut statements = vec![statement(&arguments.source, program.as_ref())?];
    for extra in extras(arguments.source_extras.as_deref())? {
        // The program belongs to the result, not to the stages that built it.
        statements.push(statement(&extra, None)?);
    }
    // No file is written before all of them are complete: BuildKit would attach the first ones.
    let mut names = BTreeSet::new();
    for (name, _) in &statements {
        if !names.insert(name) {
            bail!("two of the root directories are called `{name}`");
        }
    }
    for (name, text) in statements {
        write_file(
            &destination.join(format!("{name}.spdx.json")),
            text.as_bytes(),
        )?;
    }
    Ok(Outcome::Clean)
}

/// The directories in a directory, sorted. The protocol allows one that does not exist.
fn extras(parent: Option<&Path>) -> anyhow::Result<Vec<PathBuf>> {
    let Some(parent) = parent.filter(|parent| parent.is_dir()) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    let failed = || format!("cannot read `{}`", parent.display());
    for entry in parent.read_dir().with_context(failed)? {
        let entry = entry.with_context(failed)?;
        // Mount points are directories, so a symlink is not one of them.
        if entry.file_type().with_context(failed)?.is_dir() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "_type")]
    kind: &'static str,
    predicate_type: &'static str,
    /// BuildKit enters the digest of the image, which is not known yet.
    subject: [(); 0],
    predicate: Box<RawValue>,
}

/// The statement about a root directory, and its name.
fn statement(root: &Path, program: Option<&ProgramArguments>) -> anyhow::Result<(String, String)> {
    let Some(name) = root.file_name().and_then(OsStr::to_str) else {
        bail!("`{}` has no name to call its SBOM by", root.display());
    };
    let reference = Reference::Rootfs(root.to_owned());
    let mut image = Image::open(&reference, &Options::default(), &Silent)
        .with_context(|| format!("cannot read `{}`", root.display()))?;
    let plan = match program {
        Some(program) => Some(plan(&mut image, program)?),
        None => None,
    };
    let packages = packages::read(&image)?;
    let mut bill = documents::bill(name, &image, &packages, |_| true)?;
    if let Some(plan) = &plan {
        let reachable = bill.packages.iter();
        let reachable = reachable.map(|package| documents::remains(package, plan));
        bill.reachable = Some(reachable.collect());
    }
    let statement = Statement {
        kind: STATEMENT,
        predicate_type: PREDICATE,
        subject: [],
        predicate: RawValue::from_string(report::spdx(&bill))?,
    };
    let text = serde_json::to_string(&statement)? + "\n";
    Ok((name.to_owned(), text))
}

/// The files that the program can reach.
fn plan(image: &mut Image, program: &ProgramArguments) -> anyhow::Result<Plan> {
    program.configure(image, None)?;
    Ok(slim::plan(image, &PlanOptions::default())?)
}
