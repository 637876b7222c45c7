//! `redundant-platform`: `--platform=$TARGETPLATFORM` is the default.

use crate::dockerfile::{Modifier, WordPart};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "redundant-platform",
    page: include_str!("../../rules/lint/redundant-platform.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// The BuildKit variable with the platform that FROM uses by default.
const DEFAULT: &str = "TARGETPLATFORM";

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // An ARG of this name may have another value.
    if cx
        .facts
        .global_args()
        .any(|pair| pair.key.text.as_str() == DEFAULT && pair.value.is_some())
    {
        return;
    }
    for stage in &cx.facts.stages {
        let Some(flag) = stage.from.flags.iter().find(|flag| flag.name == "platform") else {
            continue;
        };
        let Some([WordPart::Variable(variable)]) =
            flag.value.as_ref().map(|value| value.parts.as_slice())
        else {
            continue;
        };
        // The builder always sets the variable, so a default for it has no effect.
        let plain = matches!(
            variable.modifier.as_deref(),
            None | Some(Modifier::Default { .. } | Modifier::Required { .. })
        );
        if variable.name != DEFAULT || !plain {
            continue;
        }
        let message = "`--platform` is redundant: the target platform is the default";
        let report = findings.add(flag.span, message);
        // Another flag or a line continuation may follow, which must stay.
        let between = Span::new(flag.span.end, stage.image.span.start);
        if cx.source.slice(between).trim().is_empty() {
            let edit = Edit::remove(flag.span.to(between));
            report.fix(Fix::safe("remove the flag", [edit]));
        }
    }
}
