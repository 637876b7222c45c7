//! `jettison lint` of images: which arguments are images, what is found in them, and what the
//! Dockerfile has to do with it.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::limits::LimitArguments;
use super::progress::Bar;
use super::source::SourceArguments;
use super::{Output, advisories};
use crate::advisories::Export;
use crate::config::Config;
use crate::image::{Image, Reference};
use crate::lint::image::{NEEDS_IMAGE, dockerfile_lines, findings_at_lines};
use crate::lint::{Finding, ImageInput, ImageReport, Location, Registry, Settings, lint_image};
use crate::packages::{self, Packages};
use crate::report::Linted;
use crate::size::{counted, size};
use crate::slim::{Plan, PlanOptions, Slimming, Totals};
use crate::source::Source;

/// Parts the arguments into Dockerfiles, or folders of them, and images, which are told by a
/// transport or their content.
pub(super) fn part(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<String>) {
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

/// Whether an argument means an image, by its transport or its content.
pub(super) fn is_named(path: &Path) -> bool {
    path.to_str().is_some_and(Reference::has_transport) || is_image(path)
}

/// An image layout, or an archive, compressed or not.
fn is_image(path: &Path) -> bool {
    if path.is_dir() {
        return path.join("oci-layout").is_file() && path.join("index.json").is_file();
    }
    let mut start = [0; 512];
    let is_file = path.metadata().is_ok_and(|metadata| metadata.is_file());
    let read = is_file
        && std::fs::File::open(path)
            .and_then(|mut file| file.read_exact(&mut start))
            .is_ok();
    read && (start[257..].starts_with(b"ustar")
        || start.starts_with(b"\x1f\x8b")
        || start.starts_with(b"\x28\xb5\x2f\xfd"))
}

/// Reads and lints images.
pub(super) struct ImageLinter<'a> {
    pub(super) config: &'a Config,
    pub(super) registry: &'static Registry,
    pub(super) source: &'a SourceArguments,
    pub(super) limits: &'a LimitArguments,
    /// What is known of packages.
    pub(super) export: Option<&'a Export>,
    pub(super) output: Output,
}

/// An image, and what was found in it.
pub(super) struct LintedImage {
    name: String,
    image: Image,
    /// None where nothing says what the image is for.
    plan: Option<Plan>,
    packages: Packages,
    report: ImageReport,
}

impl ImageLinter<'_> {
    /// What is found in the images; those that cannot be read are said, and make the run fail.
    pub(super) fn all(&self, names: &[String]) -> (Vec<LintedImage>, bool) {
        let (mut audited, mut failed) = (Vec::new(), false);
        for name in names {
            match self.one(name) {
                Ok(one) => audited.push(one),
                Err(error) => {
                    failed = true;
                    self.output.error(&error);
                }
            }
        }
        (audited, failed)
    }

    fn one(&self, name: &str) -> anyhow::Result<LintedImage> {
        let bar = Bar::new(self.output);
        let image = self.source.open(name, self.limits.options(), &bar)?;
        let slimming = Slimming::new(&image, &PlanOptions::default());
        let Config {
            settings, policy, ..
        } = self.config;
        drop(bar);
        // An image without a program has no plan, but packages.
        let (plan, packages) = match slimming {
            Ok(slimming) => slimming
                .into_parts()
                .map(|(plan, packages)| (Some(plan), packages)),
            Err(_) => packages::read(&image).map(|packages| (None, packages)),
        }
        .with_context(|| format!("image `{name}`"))?;
        let known = self
            .export
            .map(|export| advisories::known(export, &packages, self.output))
            .transpose()?;
        let input = ImageInput {
            image: &image,
            reference: name,
            plan: plan.as_ref(),
            packages: &packages,
            vulnerabilities: known.as_ref(),
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
        };
        findings_at_lines(input, &self.report.findings, source, settings)
    }

    /// The findings for the report, with the lines of the Dockerfiles that the image was built
    /// from.
    pub(super) fn linted(&self, dockerfiles: &[Linted], settings: &Settings) -> Linted {
        let mut findings = self.report.findings.clone();
        for source in dockerfiles.iter().filter_map(Linted::source) {
            let Some(lines) = dockerfile_lines(&self.image.config, source, settings) else {
                continue;
            };
            // These are among the Dockerfile's own findings.
            findings.retain(|finding| !NEEDS_IMAGE.contains(&finding.rule));
            for finding in &mut findings {
                let Location::Image(image) = &finding.location else {
                    continue;
                };
                let Some(step) = image.step() else {
                    continue;
                };
                let name = source.name();
                let line = lines.steps.get(step).copied().flatten();
                finding.notes.push(match line {
                    Some(line) => format!("the instruction is in {name}:{line}"),
                    None => format!("from the base image of {name}:{}", lines.from),
                });
            }
        }
        let mut linted = Linted::image(&self.name, &self.image, findings);
        linted.attack_surface = Some(self.report.attack_surface.clone());
        linted
    }

    /// What a slimmed image would be without; none where it cannot be slimmed.
    pub(super) fn removable(&self) -> Option<String> {
        let plan = self.plan.as_ref()?;
        let Totals { before, after, .. } = plan.totals();
        let packages = self.packages.list.len();
        let remaining = self.packages.clone().remaining(|file| plan.is_kept(file));
        let parts = [
            (before.files.saturating_sub(after.files), "file"),
            (before.programs.saturating_sub(after.programs), "program"),
            (
                before.privileged.saturating_sub(after.privileged),
                "setuid file",
            ),
            (packages.saturating_sub(remaining.list.len()), "package"),
        ];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, noun)| counted(*count, noun))
            .collect();
        let removed = size(before.bytes.saturating_sub(after.bytes));
        let of = format!(
            "`jettison slim {}` would leave out {removed} of {}",
            self.name,
            size(before.bytes)
        );
        Some(if parts.is_empty() {
            of
        } else {
            format!("{of}: {}", parts.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_told_by_their_transport_or_content() {
        let folder = tempfile::tempdir().expect("there is room");
        let file = folder.path().join("Dockerfile");
        std::fs::write(&file, "FROM scratch\n".repeat(50)).expect("it can be written");
        let (files, images) = part(&[file.clone(), PathBuf::from("oci:x:y")]);
        assert_eq!((files, images), (vec![file], vec!["oci:x:y".to_owned()]));
    }
}
