//! `latest-tag`: the only name of the image is `latest`.

use crate::audit::{Context, Findings, Rule};
use crate::lint::facts::{ImageRef, Reading};

pub(super) const RULE: Rule = Rule {
    name: "latest-tag",
    page: None,
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    let asked = ["docker://", "docker-daemon:"]
        .iter()
        .find_map(|transport| cx.reference.strip_prefix(transport));
    let Some(name) = asked.or(cx.image.origin.name.as_deref()) else {
        return;
    };
    let image = ImageRef::parse(name);
    if image.tag.as_str() == Some("latest") && image.digest == Reading::Absent {
        findings.config(
            "FROM",
            format!("the image is called `{name}`, which does not tell one version from another"),
        );
    }
}
