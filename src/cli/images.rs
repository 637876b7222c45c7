//! Images as an input of `jettison lint`: recognizing them among the arguments, linting them, and
//! tying their findings to the Dockerfile that they were built from.
//!
//! An argument may be part of a repository, which must not decide that an image is checked in place
//! of its Dockerfiles. A directory is therefore always searched, even if it is an OCI layout, and a
//! file that is named like a Dockerfile is one, even if it is an archive as well.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::limits::LimitArguments;
use super::progress::Bar;
use super::source::{SourceArguments, finish};
use super::{Output, advisories, discover};
use crate::advisories::Export;
use crate::attestation::attached_types;
use crate::config::Config;
use crate::image::{Image, Reference};
use crate::lint::image::{DockerfileLines, NEEDS_IMAGE, dockerfile_lines, findings_at_lines};
use crate::lint::{
    DeployedImage, Finding, ImageInput, ImageReport, Location, Registry, Settings, lint_image,
};
use crate::packages::{self, Packages};
use crate::report::Linted;
use crate::size::{counted, size};
use crate::slim::{Plan, PlanOptions, Slimming, Totals};
use crate::source::Source;
use crate::trust;

/// Splits the arguments into Dockerfiles, or directories of them, and images.
pub(super) fn split(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<String>) {
    let (mut files, mut images) = (Vec::new(), Vec::new());
    for path in paths {
        if is_named(path) {
            images.push(path.to_string_lossy().into_owned());
        } else {
            files.push(path.clone());
        }
    }
    (files, images)
}

/// Whether an argument is an image, by its transport or its content.
///
/// A file that exists is never a transport: hooks pass the names of a repository's files, and one
/// of them may be `docker-daemon:x/Dockerfile`.
pub(super) fn is_named(path: &Path) -> bool {
    let has_transport = path.to_str().is_some_and(Reference::has_transport);
    (has_transport && path.symlink_metadata().is_err())
        || (!discover::is_dockerfile(path) && is_archive(path))
}

/// Whether a directory is an OCI layout, which only `oci:` or `--image` names.
pub(super) fn is_layout(directory: &Path) -> bool {
    directory.join("oci-layout").is_file() && directory.join("index.json").is_file()
}

/// A note on an OCI layout without Dockerfiles that was named like a directory of them.
pub(super) fn advice(layout: &Path) -> String {
    let path = layout.display();
    format!("`{path}` is an OCI layout: to check it as an image, use `oci:{path}`")
}

/// Whether a path is a tar archive, compressed or not.
fn is_archive(path: &Path) -> bool {
    // A symlink of a repository that leads out of it is refused when it is read as a Dockerfile.
    let Ok(path) = trust::readable_path(path) else {
        return false;
    };
    // Opening a FIFO would wait for a writer, so only regular files are looked into.
    let is_file = path.metadata().is_ok_and(|metadata| metadata.is_file());
    // An archive has at least one block of 512 bytes, and a compressed image is rarely smaller.
    let mut start = [0; 512];
    let is_read = is_file
        && std::fs::File::open(path)
            .and_then(|mut file| file.read_exact(&mut start))
            .is_ok();
    is_read && (is_tar(&start) || is_compressed(&start))
}

/// Whether a block is a header of a tar archive, which has its magic number at offset 257.
fn is_tar(block: &[u8; 512]) -> bool {
    block[257..].starts_with(b"ustar")
}

/// Whether a file begins with the magic number of gzip (RFC 1952) or Zstandard (RFC 8878).
fn is_compressed(start: &[u8]) -> bool {
    start.starts_with(b"\x1f\x8b") || start.starts_with(b"\x28\xb5\x2f\xfd")
}

/// Reads and lints images.
pub(super) struct ImageLinter<'a> {
    pub(super) config: &'a Config,
    pub(super) registry: &'static Registry,
    pub(super) source: &'a SourceArguments,
    pub(super) limits: &'a LimitArguments,
    /// Advisories to match the packages against.
    pub(super) export: Option<&'a Export>,
    pub(super) output: Output,
}

/// An image with its findings.
pub(super) struct LintedImage {
    name: String,
    image: Image,
    /// `None` for an image without a program, such as a data image: the files that it needs are
    /// unknown.
    plan: Option<Plan>,
    packages: Packages,
    report: ImageReport,
}

impl ImageLinter<'_> {
    /// Lints the images. One that cannot be read is reported and sets the flag; the others are
    /// still linted.
    pub(super) fn all(&self, names: &[String]) -> (Vec<LintedImage>, bool) {
        let (mut images, mut failed) = (Vec::new(), false);
        for name in names {
            match self.one(name) {
                Ok(image) => images.push(image),
                Err(error) => {
                    failed = true;
                    self.output.error(&error);
                }
            }
        }
        (images, failed)
    }

    fn one(&self, name: &str) -> anyhow::Result<LintedImage> {
        let bar = Bar::new(self.output);
        let source = self.source.source(name, self.limits.options(), &bar)?;
        let (image, checks) = self.source.image_of(&source, name, &bar)?;
        finish(checks, name)?;
        let slimming = Slimming::new(&image, &PlanOptions::default());
        let Config {
            settings, policy, ..
        } = self.config;
        // The progress bar must be removed before anything else is written to the terminal.
        drop(bar);
        // An image without a program has packages, but no plan.
        let parts = match slimming {
            Ok(slimming) => slimming
                .into_parts()
                .map(|(plan, packages)| (Some(plan), packages)),
            Err(_) => packages::read(&image).map(|packages| (None, packages)),
        };
        let (plan, packages) = parts.with_context(|| format!("image `{name}`"))?;
        let known = match self.export {
            Some(export) => Some(advisories::known(export, &packages, self.output)?),
            None => None,
        };
        // Looking for attestations takes requests to a registry.
        let attested = if policy.required_attestations.is_empty() {
            None
        } else {
            let types = attached_types(&source, &image);
            Some(types.with_context(|| format!("attestations of `{name}`"))?)
        };
        let input = ImageInput {
            image: &image,
            reference: name,
            plan: plan.as_ref(),
            packages: &packages,
            vulnerabilities: known.as_ref(),
            attested: attested.as_ref(),
        };
        let report = lint_image(input, self.registry, settings, policy)
            .with_context(|| format!("image `{name}`"))?;
        Ok(LintedImage {
            name: name.to_owned(),
            image,
            plan,
            packages,
            report,
        })
    }
}

impl LintedImage {
    /// The findings at lines of a Dockerfile; `None` if the image was built from something else.
    pub(super) fn findings_at_lines(
        &self,
        source: &Source,
        settings: &Settings,
    ) -> Option<Vec<Finding>> {
        let input = ImageInput {
            image: &self.image,
            reference: &self.name,
            plan: self.plan.as_ref(),
            packages: &self.packages,
            vulnerabilities: None,
            attested: None,
        };
        findings_at_lines(input, &self.report.findings, source, settings)
    }

    /// The image as one that containers of a deployment are started from.
    pub(super) fn deployed(&self) -> DeployedImage<'_> {
        let reference = self.name.parse::<Reference>().ok();
        let name = reference.as_ref().and_then(Reference::image_name);
        DeployedImage::new(&self.name, name.as_deref(), &self.image, self.plan.as_ref())
    }

    /// The findings for the report. If the image's Dockerfile was checked too, notes name the line
    /// that each finding comes from.
    pub(super) fn linted(&self, dockerfiles: &[Linted], settings: &Settings) -> Linted {
        let mut findings = self.report.findings.clone();
        for source in dockerfiles.iter().filter_map(Linted::source) {
            // The image was built from another Dockerfile.
            let Some(lines) = dockerfile_lines(&self.image.config, source, settings) else {
                continue;
            };
            // These are reported at lines of the Dockerfile already.
            findings.retain(|finding| !NEEDS_IMAGE.contains(&finding.rule));
            for finding in &mut findings {
                add_origin(finding, source.name(), &lines);
            }
        }
        let mut linted = Linted::image(&self.name, &self.image, findings);
        linted.attack_surface = Some(self.report.attack_surface.clone());
        linted
    }

    /// A note with the number of files that slimming would remove; `None` if the image cannot be
    /// slimmed.
    pub(super) fn removable(&self) -> Option<String> {
        let plan = self.plan.as_ref()?;
        let Totals { before, after, .. } = plan.totals();
        let packages = self.packages.list.len();
        let remaining = self.packages.clone().remaining(|file| plan.is_kept(file));
        // Slimming also generates records, so a count may even grow.
        let counts = [
            (before.files.saturating_sub(after.files), "file"),
            (before.programs.saturating_sub(after.programs), "program"),
            (
                before.privileged.saturating_sub(after.privileged),
                "setuid file",
            ),
            (packages.saturating_sub(remaining.list.len()), "package"),
        ];
        let parts: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, noun)| counted(*count, noun))
            .collect();
        let removed = size(before.bytes.saturating_sub(after.bytes));
        let total = format!(
            "`jettison slim {}` would remove {removed} of {}",
            self.name,
            size(before.bytes)
        );
        Some(if parts.is_empty() {
            total
        } else {
            format!("{total}: {}", parts.join(", "))
        })
    }
}

/// Adds a note with the line of the Dockerfile that a finding comes from.
fn add_origin(finding: &mut Finding, dockerfile: &str, lines: &DockerfileLines) {
    // The origin of a finding without a history step is unknown.
    let step = match &finding.location {
        Location::Image(image) => image.step(),
        Location::Text(_) => None,
    };
    let Some(step) = step else {
        return;
    };
    let line = lines.steps.get(step).copied().flatten();
    finding.notes.push(match line {
        Some(line) => format!("the instruction is in {dockerfile}:{line}"),
        // Steps before the first instruction belong to the image in `FROM`.
        None => format!("from the base image in {dockerfile}:{}", lines.from),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_recognized_by_their_transport_or_content() {
        let directory = tempfile::tempdir().expect("there is room");
        let file = directory.path().join("Dockerfile");
        std::fs::write(&file, "FROM scratch\n".repeat(50)).expect("it can be written");
        let (files, images) = split(&[file.clone(), PathBuf::from("oci:x:y")]);
        assert_eq!((files, images), (vec![file], vec!["oci:x:y".to_owned()]));
    }

    #[test]
    fn neither_a_plain_layout_directory_nor_a_file_named_dockerfile_is_an_image() {
        let directory = tempfile::tempdir().expect("there is room");
        let path = |name: &str| directory.path().join(name);
        for name in ["oci-layout", "index.json"] {
            std::fs::write(path(name), "{}").expect("it can be written");
        }
        assert!(is_layout(directory.path()) && !is_named(directory.path()));
        let mut archive = vec![b'#'; 512];
        archive[257..262].copy_from_slice(b"ustar");
        for name in ["Dockerfile", "app.dockerfile", "Containerfile.tar"] {
            std::fs::write(path(name), &archive).expect("it can be written");
            assert!(!is_named(&path(name)), "{name}");
        }
        for name in ["app.tar", "mydockerfiles"] {
            std::fs::write(path(name), &archive).expect("it can be written");
            assert!(is_named(&path(name)), "{name}");
        }
    }
}
