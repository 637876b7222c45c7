//! `untrusted-registry`: an image comes from an untrusted registry.

use super::support::deployed_images::deployed_images;
use crate::lint::facts::ImageRef;
use crate::lint::{
    DeploymentContext, DockerfileContext, Findings, Location, Rule, SettingKey, Settings,
};

pub(super) const RULE: Rule = Rule {
    name: "untrusted-registry",
    page: include_str!("../../rules/lint/untrusted-registry.md"),
    dockerfile: Some(check_dockerfile),
    image: None,
    deployment: Some(check_deployment),
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // Without the setting, all registries are trusted.
    if cx.settings.trusted_registries.is_empty() {
        return;
    }
    for used in cx.facts.images() {
        report(cx.settings, &used.image, used.span, findings);
    }
}

fn check_deployment(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    if cx.settings.trusted_registries.is_empty() {
        return;
    }
    for deployed in deployed_images(cx) {
        report(
            cx.settings,
            &deployed.image,
            deployed.written.place,
            findings,
        );
    }
}

/// Reports an image if its registry is known and not trusted.
fn report(
    settings: &Settings,
    image: &ImageRef,
    location: impl Into<Location>,
    findings: &mut Findings,
) {
    // The registry may be in a variable without a value.
    let Some(registry) = image.registry() else {
        return;
    };
    let mut trusted = settings.trusted_registries.iter();
    if !trusted.any(|pattern| matches(pattern, registry)) {
        let origin = settings.origins.label(
            &SettingKey::Name("trusted-registries"),
            "trusted registries set here",
        );
        findings
            .add(location, format!("`{registry}` is not a trusted registry"))
            .because(origin);
    }
}

/// Whether a registry matches a pattern: `*`, `*.example.com`, `ghcr.*` or its exact name.
/// `hub.docker.com` is the website of `docker.io`, and people use it for the registry.
fn matches(pattern: &str, registry: &str) -> bool {
    if let Some(end) = pattern.strip_prefix('*') {
        return registry.ends_with(end);
    }
    match pattern.strip_suffix('*') {
        Some(start) => registry.starts_with(start),
        None => registry == pattern || (registry == "docker.io" && pattern == "hub.docker.com"),
    }
}
