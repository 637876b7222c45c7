//! Documents that `slim` writes in addition to the image: SBOMs, reports, and VEX documents.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, bail};
use clap::Args;

use super::advisories::{AdvisoryArguments, unknown};
use super::writing;
use crate::advisories::{self, KnownVulnerabilities};
use crate::evidence::Record;
use crate::image::Image;
use crate::packages::{self, Package, Packages};
use crate::printable::Lines;
use crate::report::{self, Bill, Statement, Vex};
use crate::size::counted;
use crate::slim::{Plan, Slimming};

/// Documents about the result.
#[derive(Args, Debug)]
#[command(next_help_heading = "Documents")]
pub(super) struct DocumentArguments {
    /// Write an SBOM of the remaining packages: `spdx` (2.3) or `cyclonedx` (1.6), as JSON; may
    /// be repeated
    #[arg(long, value_name = "FORMAT=FILE")]
    sbom: Vec<Sbom>,
    #[command(flatten)]
    pub(super) advisories: AdvisoryArguments,
    /// Write a VEX document that states which known vulnerabilities slimming removed and which
    /// remain: `openvex` (0.2, the default) or `cyclonedx` (1.6)
    #[arg(long, value_name = "[FORMAT=]FILE", requires = "osv")]
    vex: Vec<VexFile>,
    /// Write a report of kept and dropped files, with reasons, as a `.html` or `.json` file
    #[arg(long, value_name = "FILE", value_parser = report)]
    report: Option<PathBuf>,
}

#[derive(Clone, Debug)]
struct Sbom {
    format: fn(&Bill<'_>) -> String,
    path: PathBuf,
}

impl FromStr for Sbom {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let format: fn(&Bill<'_>) -> String = match text.split_once('=') {
            Some(("spdx", _)) => report::spdx,
            Some(("cyclonedx", _)) => report::cyclonedx,
            Some((format, _)) => {
                return Err(format!(
                    "unknown format `{format}`; expected `spdx` or `cyclonedx`"
                ));
            }
            None => return Err("expected `spdx=FILE` or `cyclonedx=FILE`".into()),
        };
        match text.split_once('=') {
            Some((_, path)) if !path.is_empty() => Ok(Self {
                format,
                path: path.into(),
            }),
            _ => Err("no file after `=`".into()),
        }
    }
}

fn report(text: &str) -> Result<PathBuf, &'static str> {
    let path = PathBuf::from(text);
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html" | "htm" | "json") => Ok(path),
        _ => Err("expected a file name that ends in `.html` or `.json`"),
    }
}

#[derive(Clone, Debug)]
struct VexFile {
    format: fn(&Vex<'_>) -> String,
    /// `OpenVEX` requires at least one statement: <https://github.com/openvex/spec>.
    needs_statements: bool,
    path: PathBuf,
}

impl FromStr for VexFile {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (format, path): (fn(&Vex<'_>) -> String, &str) = match text.split_once('=') {
            Some(("cyclonedx", path)) => (report::cyclonedx_vex, path),
            Some(("openvex", path)) => (report::openvex, path),
            // A file whose name contains `=`, or an empty name.
            _ => (report::openvex, text),
        };
        let needs_statements = !text.starts_with("cyclonedx=");
        if path.is_empty() {
            Err("no file after `=`")
        } else {
            Ok(Self {
                format,
                needs_statements,
                path: path.into(),
            })
        }
    }
}

/// Input of the documents: the packages of the original and their vulnerabilities.
pub(super) struct Documents<'a> {
    packages: &'a Packages,
    /// `None` without an export of advisories.
    known: Option<KnownVulnerabilities>,
}

/// A slimmed image that the documents describe.
pub(super) struct Subject<'a> {
    /// The name of the image in the documents.
    pub(super) name: &'a str,
    /// Digest of the manifest, if one was written.
    pub(super) digest: Option<String>,
    pub(super) image: &'a Image,
    pub(super) plan: &'a Plan,
    /// Tests of the result, if there were any.
    pub(super) tests: Option<&'a Record>,
}

impl DocumentArguments {
    /// Whether known vulnerabilities are looked up.
    pub(super) fn has_advisories(&self) -> bool {
        !self.advisories.osv.is_empty()
    }

    /// Looks up the vulnerabilities of the packages; `None` if no document is requested, because
    /// this takes time.
    pub(super) fn prepare<'a>(
        &self,
        slimming: &'a Slimming<'_>,
        are_attested: bool,
    ) -> anyhow::Result<Option<Documents<'a>>> {
        let export = self.advisories.export().context("`--osv`")?;
        // Reading package databases takes longer than slimming small images.
        let is_asked = are_attested || !self.sbom.is_empty() || self.report.is_some();
        if !is_asked && export.is_none() {
            return Ok(None);
        }
        let packages = slimming.packages()?;
        let known = match export {
            Some(export) => Some(advisories::find(&export, packages).context("`--osv`")?),
            None => None,
        };
        Ok(Some(Documents { packages, known }))
    }

    /// Writes the documents, and returns lines that count the vulnerabilities.
    pub(super) fn write(
        &self,
        documents: &Documents<'_>,
        subject: &Subject<'_>,
    ) -> anyhow::Result<Lines> {
        let Subject {
            name, image, plan, ..
        } = *subject;
        let packages = documents.packages;
        if !self.sbom.is_empty() {
            let bill = documents.bill(subject)?;
            for sbom in &self.sbom {
                save(&sbom.path, &(sbom.format)(&bill))?;
            }
        }
        if let Some(path) = &self.report {
            let mut summary = report::summary(name, image, packages, plan)?;
            summary.tests = subject.tests;
            let is_json = path
                .extension()
                .is_some_and(|extension| extension == "json");
            let text = if is_json {
                report::report_json(&summary)
            } else {
                report::report_html(&summary)
            };
            save(path, &text)?;
        }
        match &documents.known {
            Some(known) => self.write_vex(documents, known, subject),
            None => Ok(Lines::new()),
        }
    }

    fn write_vex(
        &self,
        documents: &Documents<'_>,
        known: &KnownVulnerabilities,
        subject: &Subject<'_>,
    ) -> anyhow::Result<Lines> {
        let vex = documents.vex(known, subject)?;
        let mut lines = Lines::new();
        // The count is printed even without `--vex`: it is the purpose of `--osv`.
        lines.line(vulnerabilities(&vex.statements));
        for line in unknown(known) {
            lines.line(line);
        }
        for file in &self.vex {
            // An invalid document would only make the next tool fail, without explaining why.
            if vex.statements.is_empty() && file.needs_statements {
                lines.line(format_args!(
                    "no vulnerabilities, so the OpenVEX document {} was not written",
                    file.path.display()
                ));
            } else {
                save(&file.path, &(file.format)(&vex))?;
            }
        }
        Ok(lines)
    }
}

impl Documents<'_> {
    /// The SBOM of an image as SPDX.
    pub(super) fn spdx(&self, subject: &Subject<'_>) -> anyhow::Result<String> {
        Ok(report::spdx(&self.bill(subject)?))
    }

    /// The known vulnerabilities of an image as `OpenVEX`; `None` if there are none.
    pub(super) fn openvex(&self, subject: &Subject<'_>) -> anyhow::Result<Option<String>> {
        let Some(known) = &self.known else {
            return Ok(None);
        };
        let vex = self.vex(known, subject)?;
        if vex.statements.is_empty() {
            return Ok(None);
        }
        Ok(Some(report::openvex(&vex)))
    }

    fn bill<'s>(&'s self, subject: &Subject<'s>) -> anyhow::Result<Bill<'s>> {
        // Packages without remaining files would cause false alarms in scanners.
        let plan = subject.plan;
        bill(subject.name, subject.image, self.packages, |package| {
            remains(package, plan)
        })
    }

    fn vex<'s>(
        &'s self,
        known: &'s KnownVulnerabilities,
        subject: &Subject<'_>,
    ) -> anyhow::Result<Vex<'s>> {
        let image = subject.image;
        Ok(Vex {
            image: packages::image_purl(subject.name, subject.digest.as_deref()),
            time: time(image)?,
            statements: report::statements(&image.tree, self.packages, known, subject.plan),
        })
    }
}

/// A line such as `31 known vulnerabilities before, 4 after`.
fn vulnerabilities(statements: &[Statement<'_>]) -> String {
    let (before, after, unclear) = report::counts(statements);
    let before = counted(before, "known vulnerability");
    let unclear = match unclear {
        0 => String::new(),
        all if all == after => ", in partially removed packages".to_owned(),
        some => format!(", {some} of them in partially removed packages"),
    };
    format!("{before} before, {after} after{unclear}")
}

/// Whether a file of a package is kept. A package whose files are unknown remains if its record is
/// kept.
pub(super) fn remains(package: &Package, plan: &Plan) -> bool {
    // A distribution has one database for all packages, so a kept database says nothing about any
    // one package.
    let is_database = package.ecosystem.is_distribution();
    package.files.iter().any(|&file| plan.is_kept(file))
        || package.files.is_empty() && !is_database && plan.is_kept(package.record)
}

/// SBOM of the image's packages for which `is_listed` is true.
pub(super) fn bill<'a>(
    name: &'a str,
    image: &Image,
    packages: &'a Packages,
    is_listed: impl Fn(&Package) -> bool,
) -> anyhow::Result<Bill<'a>> {
    let list = packages
        .list
        .iter()
        .filter(|package| is_listed(package))
        .collect();
    Ok(Bill {
        name,
        packages: list,
        reachable: None,
        distribution: &packages.distribution,
        time: time(image)?,
    })
}

/// The time of a document: `SOURCE_DATE_EPOCH`, or else the image's creation time, so that the same
/// image results in the same document.
fn time(image: &Image) -> anyhow::Result<jiff::Timestamp> {
    // If the variable is set, it applies to everything that is written.
    if let Some(epoch) = writing::epoch()? {
        return Ok(epoch);
    }
    let created = image.config.created().and_then(report::time_of_image);
    // An image without a creation time gets a fixed time rather than the current one.
    Ok(created.unwrap_or(jiff::Timestamp::UNIX_EPOCH))
}

/// Writes a document to a regular file.
fn save(path: &Path, text: &str) -> anyhow::Result<()> {
    // Writing to `/dev/stdout` or a pipe would mix the document with the image or another document.
    if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        bail!(
            "cannot write `{}`: it is not a regular file",
            path.display()
        );
    }
    super::reports::write_file(path, text.as_bytes())
}
