//! `root-user`: the image's last USER is root.

use crate::lint::facts::User;
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "root-user",
    page: include_str!("../../rules/lint/root-user.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let Some(user) = &stage.user else { return };
    let Some(name) = user.name.as_deref().filter(|name| User::is_root(name)) else {
        return;
    };
    let report = findings.add(user.span, format!("the container runs as `{name}`"));
    if user.stage != stage.index {
        report.label(
            stage.from.span,
            "the image is built on that stage and sets no other user",
        );
    }
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    let said = cx.configuration().user();
    let user = said.split(':').next().unwrap_or(said);
    let is_root = user == "root"
        || user.parse() == Ok(0_u64)
        || cx.accounts.user(user).is_some_and(|user| user.uid == 0);
    if !user.is_empty() && is_root {
        findings.add(
            cx.at_instruction("USER"),
            format!("the container runs as `{user}`, which is root"),
        );
    }
}
