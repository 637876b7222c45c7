//! `label-not-in-schema`: a label that the settings do not know.

use super::support::label_schema;
use crate::lint::SettingKey;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "label-not-in-schema",
    page: include_str!("../../rules/lint/label-not-in-schema.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    if !cx.settings.strict_labels {
        return;
    }
    for (step, pair) in label_schema::labels(cx) {
        let Some(key) = cx.facts.expand(step, &pair.key) else {
            continue;
        };
        if !cx.settings.label_schema.contains_key(&key) {
            let word = cx.settings.origins.label(
                &SettingKey::Name("strict-labels"),
                "no others are allowed here",
            );
            findings
                .add(
                    pair.key.span,
                    format!("`{key}` is not among the labels that images may have"),
                )
                .because(word);
        }
    }
}
