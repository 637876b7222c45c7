//! `redundant-platform`: `--platform=$TARGETPLATFORM` is the default.

use crate::dockerfile::{Modifier, WordPart};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "redundant-platform",
    page: include_str!("../../rules/lint/redundant-platform.md"),
    dockerfile: Some(check),
    image: None,
};

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
        // The builder always sets it, so that a default for it changes nothing.
        let plain = matches!(
            variable.modifier,
            None | Some(Modifier::Default { .. } | Modifier::Required { .. })
        );
        if variable.name != DEFAULT || !plain {
            continue;
        }
        let report = findings.add(
            flag.span,
            "`--platform` is redundant: the target platform is the default",
        );
        let rest = Span::new(flag.span.start, stage.image.span.start);
        if cx
            .source
            .slice(Span::new(flag.span.end, rest.end))
            .trim()
            .is_empty()
        {
            let edit = Edit {
                span: rest,
                replacement: String::new(),
            };
            report.fix(Fix::new("remove the flag", Applicability::Safe, vec![edit]));
        }
    }
}
