//! `opcache-off`: a PHP server runs without `OPcache`.

use super::support::final_image;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "opcache-off",
    page: include_str!("../../rules/lint/opcache-off.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let (Some(image), Some(stage)) = (final_image::base(cx), cx.facts.final_stage()) else {
        return;
    };
    let Some(tag) = image.tag.as_str() else {
        return;
    };
    if image.familiar_name() != Some("php") || !is_server_before_8_5(tag) {
        return;
    }
    // A configuration file that is copied may turn it on.
    if final_image::mentions(cx, "opcache") || final_image::mentions(cx, ".ini") {
        return;
    }
    let message = "without OPcache, PHP recompiles every script on every request";
    findings.add(stage.from.span, message);
}

/// Whether a tag is that of a server of a version in which `OPcache` is an option.
fn is_server_before_8_5(tag: &str) -> bool {
    let mut numbers = tag
        .split(['.', '-'])
        .map_while(|part| part.parse::<u32>().ok());
    // Without a version, it is the newest.
    let (Some(major), Some(minor)) = (numbers.next(), numbers.next()) else {
        return false;
    };
    (major, minor) < (8, 5) && tag.split('-').any(|part| matches!(part, "fpm" | "apache"))
}
