//! Lints deployments: runs the checks of the selected rules on what Compose files, Kubernetes
//! manifests and Bake files say, and drops findings that a comment suppresses.

mod context;
mod image;
mod inline;
mod suppression;
mod veil;

use std::sync::Arc;

pub use context::DeploymentContext;
pub use image::{DeployedImage, ImagedWorkload};
pub use inline::{in_file, invocation_settings};
pub use veil::Veil;

use super::finding::{Finding, Location};
use super::registry::Registry;
use super::rule::Findings;
use super::settings::Settings;
use crate::deployment::Deployment;
use crate::source::Source;
use suppression::Suppressions;

/// One of the files of a deployment, and the findings in it.
#[derive(Clone, Debug)]
pub struct LintedFile {
    pub source: Arc<Source>,
    /// In the order of the text.
    pub findings: Vec<Finding>,
}

/// The findings of the selected rules in the files of a deployment. The first file is the one that
/// was asked for; the others follow if they have findings. Containers of `images` are also checked
/// against what is in these.
pub fn lint_deployment(
    deployment: &Deployment,
    images: &[DeployedImage<'_>],
    registry: &Registry,
    settings: &Settings,
) -> Vec<LintedFile> {
    let context = DeploymentContext {
        deployment,
        settings,
        images,
    };
    let mut files = Vec::new();
    for source in &deployment.files {
        files.push(LintedFile {
            source: Arc::clone(source),
            findings: Vec::new(),
        });
    }
    for (rule, page) in registry.iter() {
        let Some(check) = rule.deployment else {
            continue;
        };
        if !settings.selects(page) {
            continue;
        }
        let mut sink = Findings::new(page.name, settings.severity(page));
        check(&context, &mut sink);
        for mut finding in sink.into_findings() {
            finding.labels.extend(settings.severity_label(&finding));
            let file = take_file(&mut finding);
            files[file].findings.push(finding);
        }
    }
    for (at, file) in files.iter_mut().enumerate() {
        Veil::new(&deployment.hidden, file.source.text()).hide_in(&mut file.findings, registry);
        finish(file, registry, settings);
        // Labels at other places of the file are shown in its excerpt.
        for finding in &mut file.findings {
            for label in &mut finding.labels {
                let is_own = label
                    .file
                    .as_ref()
                    .is_some_and(|of| Arc::ptr_eq(of, &deployment.files[at]));
                if is_own {
                    label.file = None;
                }
            }
        }
    }
    let mut at = 0;
    files.retain(|file| {
        at += 1;
        at == 1 || !file.findings.is_empty()
    });
    files
}

/// The index of the file that a finding is in. From here on, the finding belongs to one file.
fn take_file(finding: &mut Finding) -> usize {
    match &mut finding.location {
        Location::Text(text) => std::mem::take(&mut text.file),
        Location::Image(_) => 0,
    }
}

fn finish(file: &mut LintedFile, registry: &Registry, settings: &Settings) {
    if settings.pragmas {
        let suppressions = Suppressions::read(&file.source, registry, settings);
        suppressions.apply(&file.source, &mut file.findings);
    }
    sort(&mut file.findings);
}

/// Sorts findings by place, and drops repetitions: an anchor may be used by several services, and a
/// Dockerfile built several times.
pub fn sort(findings: &mut Vec<Finding>) {
    findings.sort_by(|a, b| (a.span(), a.rule, &a.message).cmp(&(b.span(), b.rule, &b.message)));
    findings.dedup_by(|a, b| (a.span(), a.rule, &a.message) == (b.span(), b.rule, &b.message));
}
