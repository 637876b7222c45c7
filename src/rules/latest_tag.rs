//! `latest-tag`: a base image is named with `:latest`.

use crate::lint::facts::{Base, ImageRef, Reading};
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "latest-tag",
    page: include_str!("../../rules/lint/latest-tag.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for stage in &cx.facts.stages {
        let Base::Image(image) = &stage.base else {
            continue;
        };
        if image.tag.as_str() == Some("latest") && image.digest == Reading::Absent {
            let name = image.name.as_deref().unwrap_or("the image");
            findings.add(
                stage.image.span,
                format!("`{name}` is whatever `latest` means on the day of the build"),
            );
        }
    }
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    let asked = ["docker://", "docker-daemon:"]
        .iter()
        .find_map(|transport| cx.reference.strip_prefix(transport));
    let Some(name) = asked.or(cx.image.origin.name.as_deref()) else {
        return;
    };
    let image = ImageRef::parse(name);
    if image.tag.as_str() == Some("latest") && image.digest == Reading::Absent {
        findings.add(
            cx.at_instruction("FROM"),
            format!("the image is called `{name}`, which does not tell one version from another"),
        );
    }
}
