//! What `slim` writes besides the image: bills of materials, reports, and what became of known
//! vulnerabilities.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, bail};
use clap::Args;

use super::advisories::{AdvisoryArguments, unknown};
use super::writing;
use crate::advisories::{self, Known};
use crate::image::Image;
use crate::packages::{self, Package, Packages};
use crate::printable::Lines;
use crate::report::{self, Bill, Statement, Vex};
use crate::slim::{Plan, Slimming};

/// Documents about the result.
#[derive(Args, Debug)]
#[command(next_help_heading = "Documents")]
pub(super) struct DocumentArguments {
    /// Write a bill of materials of what remains: `spdx` (2.3) or `cyclonedx` (1.6), as JSON; may
    /// be given twice
    #[arg(long, value_name = "FORMAT=FILE")]
    sbom: Vec<Sbom>,
    #[command(flatten)]
    pub(super) advisories: AdvisoryArguments,
    /// Write which known vulnerabilities slimming removed and which remain:
    /// `openvex` (0.2), or `cyclonedx=FILE` (1.6)
    #[arg(long, value_name = "[FORMAT=]FILE", requires = "osv")]
    vex: Vec<VexFile>,
    /// Write what was kept and dropped, and why: a `.html` page or `.json`
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
                    "unknown format `{format}`; known are `spdx` and `cyclonedx`"
                ));
            }
            None => return Err("expected `spdx=FILE` or `cyclonedx=FILE`".into()),
        };
        match text.split_once('=') {
            Some((_, path)) if !path.is_empty() => Ok(Self {
                format,
                path: path.into(),
            }),
            _ => Err("no file follows `=`".into()),
        }
    }
}

fn report(text: &str) -> Result<PathBuf, &'static str> {
    let path = PathBuf::from(text);
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html" | "htm" | "json") => Ok(path),
        _ => Err("expected a file that ends in `.html` or `.json`"),
    }
}

#[derive(Clone, Debug)]
struct VexFile {
    format: fn(&Vex<'_>) -> String,
    /// A document of this format cannot be empty.
    needs_statements: bool,
    path: PathBuf,
}

impl FromStr for VexFile {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (format, path): (fn(&Vex<'_>) -> String, &str) = match text.split_once('=') {
            Some(("cyclonedx", path)) => (report::cyclonedx_vex, path),
            Some(("openvex", path)) => (report::openvex, path),
            _ => (report::openvex, text),
        };
        let needs_statements = !text.starts_with("cyclonedx=");
        if path.is_empty() {
            Err("no file follows `=`")
        } else {
            Ok(Self {
                format,
                needs_statements,
                path: path.into(),
            })
        }
    }
}

/// What documents are made of.
pub(super) struct Documents<'a> {
    packages: &'a Packages,
    known: Option<Known>,
}

impl DocumentArguments {
    /// Reads what the documents need; none where none is wanted.
    pub(super) fn prepare<'a>(
        &self,
        slimming: &'a Slimming<'_>,
    ) -> anyhow::Result<Option<Documents<'a>>> {
        let export = self.advisories.export().context("`--osv`")?;
        if self.sbom.is_empty() && self.report.is_none() && export.is_none() {
            return Ok(None);
        }
        let packages = slimming.packages()?;
        let known = export
            .map(|export| advisories::find(&export, packages))
            .transpose()
            .context("`--osv`")?;
        Ok(Some(Documents { packages, known }))
    }

    /// Writes what was asked for about a plan, and tells of the vulnerabilities.
    /// `name` is the image as the documents call it, `digest` that of its manifest.
    pub(super) fn write(
        &self,
        documents: &Documents<'_>,
        name: &str,
        digest: Option<&str>,
        image: &Image,
        plan: &Plan,
    ) -> anyhow::Result<Lines> {
        let packages = documents.packages;
        if !self.sbom.is_empty() {
            let bill = bill(name, image, packages, |package| remains(package, plan))?;
            for sbom in &self.sbom {
                save(&sbom.path, &(sbom.format)(&bill))?;
            }
        }
        if let Some(path) = &self.report {
            let summary = report::summary(name, image, packages, plan)?;
            let is_json = path
                .extension()
                .is_some_and(|extension| extension == "json");
            save(
                path,
                &if is_json {
                    report::report_json(&summary)
                } else {
                    report::report_html(&summary)
                },
            )?;
        }
        let Some(known) = &documents.known else {
            return Ok(Lines::new());
        };
        let statements = report::statements(&image.tree, packages, known, plan);
        let mut told = Lines::new();
        told.line(vulnerabilities(&statements));
        for line in unknown(known) {
            told.line(line);
        }
        let vex = Vex {
            image: packages::image_purl(name, digest),
            time: time(image)?,
            statements,
        };
        for file in &self.vex {
            // One has at least one statement: https://github.com/openvex/spec
            if vex.statements.is_empty() && file.needs_statements {
                told.line(format_args!(
                    "nothing to state, so no OpenVEX document is written to {}",
                    file.path.display()
                ));
            } else {
                save(&file.path, &(file.format)(&vex))?;
            }
        }
        Ok(told)
    }
}

/// `31 known vulnerabilities before, 4 after`.
fn vulnerabilities(statements: &[Statement<'_>]) -> String {
    let (before, after, unclear) = report::counts(statements);
    let noun = if before == 1 {
        "vulnerability"
    } else {
        "vulnerabilities"
    };
    let unclear = match unclear {
        0 => String::new(),
        all if all == after => ", in packages of which a part remains".to_owned(),
        some => format!(", {some} of them in packages of which a part remains"),
    };
    format!("{before} known {noun} before, {after} after{unclear}")
}

/// Whether a file of a package is kept. One without files in the image is where its record is.
fn remains(package: &Package, plan: &Plan) -> bool {
    let is_database = package.ecosystem.is_distribution();
    package.files.iter().any(|&file| plan.is_kept(file))
        || package.files.is_empty() && !is_database && plan.is_kept(package.record)
}

/// The bill of some packages of an image.
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
        distribution: &packages.distribution,
        time: time(image)?,
    })
}

/// The time of a document: `SOURCE_DATE_EPOCH`, or else when the image was created.
fn time(image: &Image) -> anyhow::Result<jiff::Timestamp> {
    if let Some(epoch) = writing::epoch()? {
        return Ok(epoch);
    }
    let created = image.config.created().and_then(report::time_of_image);
    Ok(created.unwrap_or(jiff::Timestamp::UNIX_EPOCH))
}

/// Writes a document, into no device, pipe or folder.
fn save(path: &Path, text: &str) -> anyhow::Result<()> {
    if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        bail!(
            "`{}` exists and is no regular file; it stays as it is",
            path.display()
        );
    }
    super::reports::write_file(path, text.as_bytes())
}
