//! Lints images: runs the checks of the selected rules over the files, the layers and the
//! configuration of an image, and applies the policy.
//!
//! If the slimmer's plan is available, findings show whether the image's program can reach the
//! file.

mod accounts;
mod builder_stage;
mod built_from;
mod context;
mod file_capabilities;
mod history_map;
mod installs;
mod permissions;
mod policy;

use std::collections::BTreeSet;

pub use accounts::{Account, Accounts, Password};
pub use built_from::{
    DECIDED_BY_IMAGE, DockerfileLines, NEEDS_IMAGE, dockerfile_lines, findings_at_lines,
};
pub use context::ImageContext;
pub use file_capabilities::file_capabilities;
pub use installs::installed_on_purpose;
pub use permissions::{Identity, first_unreadable};
pub use policy::{Exception, Policy};

use policy::Exceptions;

use super::attack_surface::AttackSurface;
use super::finding::{Finding, Severity};
use super::page::Page;
use super::registry::Registry;
use super::rule::{Findings, RuleSeverity};
use super::setting_origin::SettingKey;
use super::settings::{Selection, Settings};
use crate::advisories::KnownVulnerabilities;
use crate::image::{Image, ReadError};
use crate::packages::Packages;
use crate::slim::Plan;

/// An image to lint, with data from the caller.
#[derive(Clone, Copy, Debug)]
pub struct ImageInput<'a> {
    pub image: &'a Image,
    /// The name given by the user.
    pub reference: &'a str,
    /// The slimmer's plan; `None` for an image without a program.
    pub plan: Option<&'a Plan>,
    pub packages: &'a Packages,
    /// Known vulnerabilities of the packages; `None` without an advisory database.
    pub vulnerabilities: Option<&'a KnownVulnerabilities>,
    /// The types of the statements that are attached to it; `None` if that is not known.
    pub attested: Option<&'a BTreeSet<String>>,
}

/// The findings in an image, and its attack surface.
#[derive(Clone, Debug)]
pub struct ImageReport {
    /// In the order of the history.
    pub findings: Vec<Finding>,
    pub attack_surface: AttackSurface,
}

/// Runs the checks of the selected rules and the policy on an image.
pub fn lint_image(
    input: ImageInput<'_>,
    registry: &Registry,
    settings: &Settings,
    policy: &Policy,
) -> Result<ImageReport, ReadError> {
    let context = ImageContext::new(input, settings, policy);
    let mut findings = Vec::new();
    let mut exceptions = Exceptions::of(policy);
    for (rule, page) in registry.iter() {
        let Some(check) = rule.image else {
            continue;
        };
        if !settings.selects(page) && !policy.concerns(page.name) {
            continue;
        }
        let mut sink = Findings::new(page.name, severity(page, settings, policy));
        check(&context, &mut sink);
        for mut finding in sink.into_findings() {
            if !exceptions.allow(&finding) {
                explain_severity(&mut finding, page, settings, policy);
                findings.push(finding);
            }
        }
    }
    let attack_surface = AttackSurface::of_image(&context);
    findings.extend(limits(&context, &exceptions, registry, settings));
    // A check that cannot read a file continues without it, so that the failure is reported in one
    // place.
    context.failure().map_or(Ok(()), Err)?;
    findings.sort_by(|a, b| {
        let step = |finding: &Finding| {
            finding
                .image()
                .and_then(super::finding::ImageLocation::step)
                .unwrap_or(0)
        };
        (step(a), a.rule, &a.message).cmp(&(step(b), b.rule, &b.message))
    });
    Ok(ImageReport {
        findings,
        attack_surface,
    })
}

/// The rule that reports exceeded limits. For images, the engine reports them after all checks have
/// requested their files.
const UNREAD: &str = "analysis-limit";
/// Maximum number of files that are reported one by one.
const MAX_UNREAD: usize = 20;

/// The limits that the checks exceeded, such as the files that they could not read because they are
/// too large.
fn limits(
    context: &ImageContext<'_>,
    exceptions: &Exceptions<'_>,
    registry: &Registry,
    settings: &Settings,
) -> Vec<Finding> {
    let Some(page) = registry.get(UNREAD) else {
        return Vec::new();
    };
    if !settings.selects(page) {
        return Vec::new();
    }
    let mut sink = Findings::new(page.name, settings.severity(page));
    let files = context.oversized();
    for &name in files.iter().take(MAX_UNREAD) {
        let size = context.size(context.length(name));
        let path = context.path(name);
        let message = format!("`{path}` ({size}) is too large to analyze");
        sink.add(context.at_file(name), message);
    }
    if files.len() > MAX_UNREAD {
        let count = files.len() - MAX_UNREAD;
        let message = format!("{count} more files are too large to analyze");
        sink.add(context.at_image(), message);
    }
    if let Some(message) = context.tree().exhaustion() {
        sink.add(context.at_image(), message);
    }
    if exceptions.is_exhausted {
        let message = "too many findings and policy exceptions: not all exceptions were applied";
        sink.add(context.at_image(), message);
    }
    sink.into_findings()
}

/// The policy violations of a slimmed image.
///
/// The packages of `input` are those with remaining files, whether or not the image still has their
/// records.
pub fn check_policy(
    input: ImageInput<'_>,
    registry: &Registry,
    policy: &Policy,
) -> Result<Vec<Finding>, ReadError> {
    let settings = Settings {
        select: Selection::Only(BTreeSet::new()),
        own_rules: policy.own_rules,
        ..Settings::default()
    };
    let report = lint_image(input, registry, &settings, policy)?;
    Ok(report.findings)
}

/// Raises findings that the policy forbids to errors, over the settings.
fn severity(page: &Page, settings: &Settings, policy: &Policy) -> RuleSeverity {
    if policy.forbids(page.name).is_some() {
        RuleSeverity::User(Severity::Error)
    } else {
        settings.severity(page)
    }
}

/// Adds a label at the setting that determines the severity of a finding.
fn explain_severity(finding: &mut Finding, page: &Page, settings: &Settings, policy: &Policy) {
    if let Some(word) = policy.forbids(page.name) {
        let key = SettingKey::Rule(page.name);
        let label = policy.origins.label(&key, "forbidden here");
        finding.labels.extend(label);
        finding.notes.push(format!("the policy forbids `{word}`"));
    } else {
        finding.labels.extend(settings.severity_label(finding));
    }
}
