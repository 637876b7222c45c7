//! `missing-time-zones`: `TZ` names a time zone that is not in the image.

use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "missing-time-zones",
    page: include_str!("../../rules/lint/missing-time-zones.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    let Some(zone) = cx.configuration().env_value("TZ") else {
        return;
    };
    // `:Europe/Berlin` is the same as `Europe/Berlin`, and `CET-1CEST` does not need a file, see
    // tzset(3). Without the file, programs use UTC.
    let name = zone.strip_prefix(':').unwrap_or(zone);
    let is_name = name.contains('/') && !name.contains(',') && !name.starts_with("Etc/UTC");
    let path = if name.starts_with('/') {
        name.to_owned()
    } else {
        format!("/usr/share/zoneinfo/{name}")
    };
    if is_name && cx.find(&path).is_none() {
        let message = format!("`TZ` is `{zone}`, but `{path}` does not exist: local time is UTC");
        findings.add(cx.at_instruction("ENV"), message);
    }
}
