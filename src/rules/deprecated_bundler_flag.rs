//! `deprecated-bundler-flag`: `bundle install` has a flag that became a setting.

use crate::lint::facts::packages::Action;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "deprecated-bundler-flag",
    page: include_str!("../../rules/lint/deprecated-bundler-flag.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Flags that Bundler 2.1 deprecated and Bundler 4 removes, with the settings that do the same.
const FLAGS: [(&str, &str); 8] = [
    ("--clean", "BUNDLE_CLEAN"),
    ("--deployment", "BUNDLE_DEPLOYMENT"),
    ("--frozen", "BUNDLE_FROZEN"),
    ("--no-prune", "BUNDLE_NO_PRUNE"),
    ("--path", "BUNDLE_PATH"),
    ("--shebang", "BUNDLE_SHEBANG"),
    ("--with", "BUNDLE_WITH"),
    ("--without", "BUNDLE_WITHOUT"),
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (_, call) in cx.facts.package_calls() {
        if call.manager.name != "bundler" || call.action != Action::Install {
            continue;
        }
        // One finding for each call, because its flags are all moved to the same place.
        for argument in &call.call.arguments {
            let word = argument.single().unwrap_or_default();
            let name = word.split('=').next().unwrap_or(word);
            if let Some((flag, setting)) = FLAGS.iter().find(|(flag, _)| *flag == name) {
                let message = format!("deprecated Bundler flag `{flag}`: set `{setting}`");
                findings.add(argument.span, message);
                break;
            }
        }
    }
}
