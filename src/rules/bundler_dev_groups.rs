//! `bundler-dev-groups`: Bundler installs the gems for development in the image.

use super::support::final_image;
use crate::lint::facts::packages::Action;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "bundler-dev-groups",
    page: include_str!("../../rules/lint/bundler-dev-groups.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // The variable `BUNDLE_WITHOUT`, `bundle config set without` and `--without`, and those that
    // name the groups to install.
    let names_groups = [
        "bundle_without",
        "bundle_only",
        "bundle_with",
        "without",
        "set only",
    ]
    .iter()
    .any(|text| final_image::mentions(cx, text));
    if names_groups {
        return;
    }
    for run in final_image::runs(cx) {
        for call in run.package_calls() {
            let (true, Action::Install, Some(verb)) =
                (call.manager.name == "bundler", call.action, call.verb)
            else {
                continue;
            };
            if !call.hides_options() {
                let message = format!("`bundle {}` also installs development gems", verb.word);
                findings.add(call.call.name_span.to(verb.argument.span), message);
            }
        }
    }
}
