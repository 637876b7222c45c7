//! `untrusted-registry`: an image comes from an untrusted registry.

use crate::lint::facts::{Base, ImageRef};
use crate::lint::{DockerfileContext, Findings, Rule, SettingKey, Settings};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "untrusted-registry",
    page: include_str!("../../rules/lint/untrusted-registry.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    if cx.settings.trusted_registries.is_empty() {
        return;
    }
    for stage in &cx.facts.stages {
        if let Base::Image(image) = &stage.base {
            report(cx.settings, image, stage.image.span, findings);
        }
    }
    for step in &cx.facts.steps {
        for flag in step
            .instruction
            .flags
            .iter()
            .filter(|flag| matches!(flag.name.as_str(), "from" | "mount"))
        {
            let Some(text) = flag
                .value
                .as_ref()
                .and_then(|value| cx.facts.expand(step, value))
            else {
                continue;
            };
            let mounted = || {
                text.split(',')
                    .find_map(|option| option.trim().strip_prefix("from="))
            };
            let Some(name) = (if flag.name == "from" {
                Some(text.as_str())
            } else {
                mounted()
            }) else {
                continue;
            };
            let is_stage =
                name.parse::<usize>().is_ok() || cx.facts.source_stage(step, name).is_some();
            if !is_stage && !name.is_empty() && name != "scratch" {
                report(cx.settings, &ImageRef::parse(name), flag.span, findings);
            }
        }
    }
}

fn report(settings: &Settings, image: &ImageRef, span: Span, findings: &mut Findings) {
    let Some(registry) = image.registry() else {
        return;
    };
    if !settings
        .trusted_registries
        .iter()
        .any(|pattern| fits(pattern, registry))
    {
        let word = settings.origins.label(
            &SettingKey::Name("trusted-registries"),
            "trusted registries set here",
        );
        findings
            .add(span, format!("`{registry}` is not a trusted registry"))
            .because(word);
    }
}

/// `*`, `*.example.com`, `ghcr.*`, or the registry itself; `hub.docker.com` is what people call
/// `docker.io`.
fn fits(pattern: &str, registry: &str) -> bool {
    if let Some(end) = pattern.strip_prefix('*') {
        return registry.ends_with(end);
    }
    match pattern.strip_suffix('*') {
        Some(start) => registry.starts_with(start),
        None => registry == pattern || (registry == "docker.io" && pattern == "hub.docker.com"),
    }
}
