//! `constant-platform`: a stage has a fixed platform.

use crate::dockerfile::Word;
use crate::knowledge::{is_system_or_architecture, usual_platform_name};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "constant-platform",
    page: include_str!("../../rules/lint/constant-platform.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for stage in &cx.facts.stages {
        let Some(flag) = stage.from.flags.iter().find(|flag| flag.name == "platform") else {
            continue;
        };
        // With a variable, the platform is not fixed.
        let Some(platform) = flag.value.as_ref().and_then(Word::literal) else {
            continue;
        };
        let Some(words) = components(platform) else {
            continue;
        };
        // A stage with the platform in its name, such as `build-arm64`, is intended for that
        // platform.
        let alias = stage
            .alias
            .map(|alias| alias.text.as_str().to_ascii_lowercase())
            .unwrap_or_default();
        if !words.iter().any(|word| alias.contains(word)) {
            findings.add(flag.span, format!("stage is always built for `{platform}`"));
        }
    }
}

/// The system and the architecture of a platform under their usual names; `None` if it is not a
/// platform.
fn components(platform: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = platform.split('/').collect();
    match parts.as_slice() {
        // A platform may be a system or an architecture alone; the builder adds the other.
        [only] if is_system_or_architecture(&only.to_ascii_lowercase()) => {
            Some(vec![usual_platform_name(only)])
        }
        [system, architecture] | [system, architecture, _]
            if !system.is_empty() && !architecture.is_empty() =>
        {
            Some(vec![
                usual_platform_name(system),
                usual_platform_name(architecture),
            ])
        }
        _ => None,
    }
}
