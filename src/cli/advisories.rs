//! The advisories to match packages against: a local OSV export.

use std::path::PathBuf;

use clap::Args;

use super::Output;
use crate::advisories::{self, Export, ExportError, KnownVulnerabilities};
use crate::packages::Packages;
use crate::size::counted;

#[derive(Args, Debug)]
pub(super) struct AdvisoryArguments {
    /// Look up image packages in this OSV export: a ZIP file from osv.dev, or a directory of ZIP
    /// files or records; may be repeated
    #[arg(long, value_name = "DIR|ZIP", env = "JETTISON_OSV", hide_env = true)]
    pub(super) osv: Vec<PathBuf>,
}

impl AdvisoryArguments {
    /// The files of the export, if one was named.
    pub(super) fn export(&self) -> Result<Option<Export>, ExportError> {
        // Without an export, nothing is looked up and reports make no statement about
        // vulnerabilities.
        if self.osv.is_empty() {
            Ok(None)
        } else {
            Export::open(&self.osv).map(Some)
        }
    }
}

/// Finds the vulnerabilities of an image's packages. Notes report packages that could not be looked
/// up, so that the result does not look clean when it is merely incomplete.
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

/// A line for each reason why packages could not be looked up.
pub(super) fn unknown(known: &KnownVulnerabilities) -> Vec<String> {
    let mut lines = Vec::new();
    // The usual cause is an export of one ecosystem, such as `Debian/all.zip`.
    for uncovered in known.uncovered() {
        let packages = counted(uncovered.packages, "package");
        lines.push(format!(
            "{packages} not looked up: the export has no advisories for {}",
            uncovered.ecosystem
        ));
    }
    if known.unknown > 0 {
        let packages = counted(known.unknown, "package");
        lines.push(format!(
            "{packages} not looked up: no version, or distribution not covered by OSV"
        ));
    }
    lines
}
