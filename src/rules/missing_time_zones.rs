//! `missing-time-zones`: the program needs a time zone that the image does not have.

use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "missing-time-zones",
    page: include_str!("../../rules/lint/missing-time-zones.md"),
    dockerfile: None,
    image: Some(check),
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    let Some(zone) = cx.configuration().env_value("TZ") else {
        return;
    };
    // `:Europe/Berlin` is the same; `CET-1CEST` says all that there is to know.
    let name = zone.strip_prefix(':').unwrap_or(zone);
    let is_name = name.contains('/') && !name.contains(',') && !name.starts_with("Etc/UTC");
    let path = if name.starts_with('/') {
        name.to_owned()
    } else {
        format!("/usr/share/zoneinfo/{name}")
    };
    if is_name && cx.find(&path).is_none() {
        findings.add(
            cx.at_instruction("ENV"),
            format!("`TZ` is `{zone}`, but there is no `{path}`, so it means UTC"),
        );
    }
}
