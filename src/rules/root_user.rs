//! `root-user`: the last `USER` of the image is root.

use crate::deployment::Role;
use crate::lint::facts::User;
use crate::lint::{DeploymentContext, DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "root-user",
    page: include_str!("../../rules/lint/root-user.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: Some(check_deployment),
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    // Without a USER, `missing-user` and `unset-user` check the user of the base image.
    let Some(user) = &stage.user else {
        return;
    };
    let Some(name) = user.name.as_deref() else {
        return;
    };
    if !User::is_root(name) {
        return;
    }
    let report = findings.add(user.span, format!("the container runs as `{name}`"));
    if user.stage != stage.index {
        report.label(
            stage.from.span,
            "the final stage starts here and sets no other user",
        );
    }
}

fn check_deployment(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for (_, workload) in cx.workloads() {
        let Some(setting) = &workload.user else {
            continue;
        };
        let user = setting.split(':').next().unwrap_or_default();
        // Containers that prepare volumes for others have to be root for `chown`.
        if User::is_root(user) && workload.role != Role::Init {
            findings.add(setting.place, format!("the container runs as `{user}`"));
        }
    }
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    let setting = cx.configuration().user();
    // A setting without a user (`:group`) is reported by `missing-user`.
    let user = setting.split(':').next().unwrap_or(setting);
    let message = match user {
        "" => return,
        "root" | "0" => format!("the container runs as `{user}`"),
        other if cx.runs_as() == Some(0) => {
            format!("the container runs as `{other}`, which has UID 0")
        }
        _ => return,
    };
    findings.add(cx.at_instruction("USER"), message);
}
