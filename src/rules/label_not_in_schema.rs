//! `label-not-in-schema`: a label that the configured schema does not contain.

use super::support::label_schema;
use crate::lint::{DockerfileContext, Findings, Rule, SettingKey};

pub(super) const RULE: Rule = Rule {
    name: "label-not-in-schema",
    page: include_str!("../../rules/lint/label-not-in-schema.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // By default, labels outside of the schema are allowed.
    if !cx.settings.strict_labels {
        return;
    }
    for (step, pair) in label_schema::labels(cx) {
        let Some(key) = cx.facts.expand(step, &pair.key) else {
            continue;
        };
        if !cx.settings.label_schema.contains_key(&key) {
            let setting = SettingKey::Name("strict-labels");
            let origins = &cx.settings.origins;
            findings
                .add(pair.key.span, format!("label `{key}` is not in the schema"))
                .because(origins.label(&setting, "other labels are forbidden here"));
        }
    }
}
