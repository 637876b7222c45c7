//! `denied-license`: a package has a license that the policy denies.

use spdx::{Expression, ParseMode};

use crate::lint::{Findings, ImageContext, Rule};
use crate::paths::Glob;

pub(super) const RULE: Rule = Rule {
    name: "denied-license",
    page: include_str!("../../rules/lint/denied-license.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    let denied = &cx.policy.denied_licenses;
    if denied.is_empty() {
        return;
    }
    for package in &cx.packages.list {
        let Some(license) = &package.license else {
            continue;
        };
        if !is_denied(license, denied) {
            continue;
        }
        let message = format!(
            "`{}` has the license `{license}`, which the policy denies",
            package.name
        );
        findings
            .add(cx.at_file(package.location()), message)
            .because(cx.policy.budget("deny-licenses"));
    }
}

/// Whether a license cannot be chosen without one that is denied: of `GPL-2.0-only OR MIT`, the
/// second can.
fn is_denied(license: &str, denied: &[Glob]) -> bool {
    let matches = |name: &str| denied.iter().any(|glob| glob.is_match(name.as_bytes()));
    match Expression::parse_mode(license, ParseMode::LAX) {
        Ok(expression) => !expression.evaluate(|one| !matches(&one.license.to_string())),
        // Many packages declare a license in words.
        Err(_) => license
            .split([',', ';', '/'])
            .flat_map(|part| part.split(" AND ").flat_map(|part| part.split(" and ")))
            .any(|part| matches(part.trim())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_license_is_denied_if_no_choice_is_left() {
        let denied = ["GPL-*", "AGPL-3.0*"].map(|text| Glob::new(text).expect("a glob"));
        for (license, expected) in [
            ("GPL-2.0-only", true),
            ("GPL-3.0-or-later WITH GCC-exception-3.1", true),
            ("MIT OR GPL-2.0-only", false),
            ("MIT AND AGPL-3.0-only", true),
            ("LGPL-2.1-only", false),
            ("GPL-2+", true),
            ("BSD-3-clause AND GPL-2+ with exceptions", true),
            ("Expat and BSD", false),
        ] {
            assert_eq!(is_denied(license, &denied), expected, "{license}");
        }
    }
}
