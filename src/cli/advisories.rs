//! Which advisories are asked about packages: a local OSV export.

use std::path::PathBuf;

use clap::Args;

use super::Output;
use crate::advisories::{self, Export, ExportError, KnownVulnerabilities};
use crate::packages::Packages;
use crate::size::counted;

#[derive(Args, Debug)]
pub(super) struct AdvisoryArguments {
    /// Look up the packages of images in this OSV export: a zip of osv.dev, or a folder of zips or
    /// records; several
    #[arg(long, value_name = "DIR|ZIP", env = "JETTISON_OSV", hide_env = true)]
    pub(super) osv: Vec<PathBuf>,
}

impl AdvisoryArguments {
    /// The files of the export, if one was named.
    pub(super) fn export(&self) -> Result<Option<Export>, ExportError> {
        if self.osv.is_empty() {
            Ok(None)
        } else {
            Export::open(&self.osv).map(Some)
        }
    }
}

/// What the export knows of the packages of an image; says of which it knows nothing.
pub(super) fn known(
    export: &Export,
    packages: &Packages,
    output: Output,
) -> Result<KnownVulnerabilities, ExportError> {
    let known = advisories::find(export, packages)?;
    for line in unknown(&known) {
        output.note(line);
    }
    Ok(known)
}

/// What could not be looked up, in lines.
pub(super) fn unknown(known: &KnownVulnerabilities) -> Vec<String> {
    let mut lines = Vec::new();
    for uncovered in known.uncovered() {
        let packages = counted(uncovered.packages, "package");
        lines.push(format!(
            "the export has nothing of {}: {packages} could not be looked up",
            uncovered.ecosystem
        ));
    }
    if known.unknown > 0 {
        let packages = counted(known.unknown, "package");
        lines.push(format!(
            "{packages} could not be looked up: without a version, or of a distribution that OSV has not"
        ));
    }
    lines
}
