//! `untrusted-registry`: an image comes from an untrusted registry.

use crate::dockerfile::Flag;
use crate::lint::facts::{Base, ImageRef, Step};
use crate::lint::{DockerfileContext, Findings, Rule, SettingKey, Settings};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "untrusted-registry",
    page: include_str!("../../rules/lint/untrusted-registry.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // Without the setting, all registries are trusted.
    if cx.settings.trusted_registries.is_empty() {
        return;
    }
    for stage in &cx.facts.stages {
        if let Base::Image(image) = &stage.base {
            report(cx.settings, image, stage.image.span, findings);
        }
    }
    for step in &cx.facts.steps {
        for flag in &step.instruction.flags {
            let Some(name) = source_of(cx, step, flag) else {
                continue;
            };
            // A number refers to a stage, even if there is no such stage.
            let is_stage =
                name.parse::<usize>().is_ok() || cx.facts.source_stage(step, &name).is_some();
            if !is_stage && !name.is_empty() && name != "scratch" {
                report(cx.settings, &ImageRef::parse(&name), flag.span, findings);
            }
        }
    }
}

/// The stage or image in `--from=NAME` or `--mount=…,from=NAME`.
fn source_of(cx: &DockerfileContext<'_>, step: &Step<'_>, flag: &Flag) -> Option<String> {
    let text = cx.facts.expand(step, flag.value.as_ref()?)?;
    match flag.name.as_str() {
        "from" => Some(text),
        "mount" => text
            .split(',')
            .find_map(|option| option.trim().strip_prefix("from="))
            .map(str::to_owned),
        _ => None,
    }
}

/// Reports an image if its registry is known and not trusted.
fn report(settings: &Settings, image: &ImageRef, span: Span, findings: &mut Findings) {
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
            .add(span, format!("`{registry}` is not a trusted registry"))
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
