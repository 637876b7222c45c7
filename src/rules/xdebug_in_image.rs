//! `xdebug-in-image`: the debugger of PHP is in the image.

use super::support::development::is_for_development;
use super::support::final_image;
use crate::lint::facts::packages::{Action, understand};
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "xdebug-in-image",
    page: include_str!("../../rules/lint/xdebug-in-image.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    if is_for_development(cx) {
        return;
    }
    for run in final_image::runs(cx) {
        let mut enabled: Option<Span> = None;
        let mut is_installed = false;
        for call in &run.calls {
            if call.name == "docker-php-ext-enable" {
                let mut arguments = call.arguments.iter();
                let argument = arguments.find(|argument| argument.single() == Some("xdebug"));
                enabled = enabled.or(argument.map(|argument| argument.span));
                continue;
            }
            let Some(packages) = understand(call) else {
                continue;
            };
            if packages.action != Action::Install {
                continue;
            }
            for package in &packages.packages {
                if is_xdebug(package.name(packages.manager)) {
                    let message = format!("`{}` is installed in the image", package.word);
                    findings.add(package.argument.span, message);
                    is_installed = true;
                }
            }
        }
        // The extension may have been built by other commands.
        if let (Some(span), false) = (enabled, is_installed) {
            findings.add(span, "`xdebug` is enabled in the image");
        }
    }
}

/// Whether a package is the extension: `xdebug` of PECL, `php8.4-xdebug` of a distribution.
fn is_xdebug(name: &str) -> bool {
    name.eq_ignore_ascii_case("xdebug") || name.to_ascii_lowercase().ends_with("-xdebug")
}
