//! `missing-time-zones`: the program needs a time zone that the image does not have.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "missing-time-zones",
    page: Some(include_str!("../../../rules/lint/missing-time-zones.md")),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
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
        findings.config(
            "ENV",
            format!("`TZ` is `{zone}`, but there is no `{path}`, so it means UTC"),
        );
    }
}
