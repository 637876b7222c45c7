//! `composer-dev-packages`: Composer installs packages for development in the image.

use super::support::final_image;
use super::support::unattended::insert_after;
use crate::lint::facts::Run;
use crate::lint::facts::packages::{Action, PackageCall};
use crate::lint::{DockerfileContext, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "composer-dev-packages",
    page: include_str!("../../rules/lint/composer-dev-packages.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// The variable that does the same as the option.
const VARIABLE: &str = "COMPOSER_NO_DEV";

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in final_image::runs(cx) {
        let calls: Vec<PackageCall<'_>> = run.package_calls().collect();
        for (index, call) in calls.iter().enumerate() {
            if !installs_all(call) || is_off(cx, run) {
                continue;
            }
            // Tests may need the packages that a later call removes.
            let is_repeated = calls[index + 1..]
                .iter()
                .any(|later| later.manager.name == "composer" && is_without_dev(later));
            if is_repeated {
                continue;
            }
            let Some(verb) = call.verb else { continue };
            let report = findings.add(
                call.call.name_span.to(verb.argument.span),
                format!(
                    "`composer {}` also installs development packages",
                    verb.word
                ),
            );
            if let Some(edit) = insert_after(cx, verb.argument.span, verb.word, "--no-dev") {
                report.fix(Fix::marked_unsafe("add `--no-dev`", [edit]));
            }
        }
    }
}

/// Whether a call installs the packages of `composer.json` for production and development.
fn installs_all(call: &PackageCall<'_>) -> bool {
    call.manager.name == "composer"
        && matches!(call.action, Action::Install | Action::Upgrade)
        && call.is_verb(&["install", "i", "update", "u", "upgrade"])
        // `composer global install` is about tools.
        && call.prefix.is_none()
        && !is_without_dev(call)
        && !call.hides_options()
}

fn is_without_dev(call: &PackageCall<'_>) -> bool {
    call.has_option(&["--no-dev", "--dry-run"])
}

/// Whether a variable turns the packages off, in ENV or in the script.
fn is_off(cx: &DockerfileContext<'_>, run: &Run<'_>) -> bool {
    let step = &cx.facts.steps[run.step];
    let mut assignments = run.assignments();
    let is_assigned = assignments.any(|(name, value, _)| name == VARIABLE && value != Some("0"));
    let value = cx.facts.variable(step, VARIABLE);
    is_assigned || value.is_some_and(|value| !matches!(value.as_str(), "" | "0"))
}
