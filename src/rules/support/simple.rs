//! Rules that are only conditions and a message, from `rules/simple-rules.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::lint::{DataRule, DataRuleText, DockerfileContext, Findings};

static RULES: LazyLock<BTreeMap<String, DataRule>> = LazyLock::new(|| {
    let table: Table = toml::from_str(include_str!("../../../rules/simple-rules.toml"))
        .expect("the tests read the table");
    let rules = table.rule.into_iter();
    let compiled = rules.map(|text| {
        let rule = DataRule::new(&text).expect("the tests compile the rules");
        (text.name, rule)
    });
    compiled.collect()
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    rule: Vec<DataRuleText>,
}

/// Checks a Dockerfile with the row that has the name of the rule.
pub(in crate::rules) fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    if let Some(rule) = RULES.get(findings.rule()) {
        rule.check_dockerfile(cx, findings);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::registry;

    #[test]
    fn every_simple_rule_is_a_rule_with_a_page() {
        for name in RULES.keys() {
            assert!(registry().get(name).is_some(), "{name}");
        }
    }
}
