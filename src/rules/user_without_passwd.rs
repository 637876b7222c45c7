//! `user-without-passwd`: a user is given by name, but the image has no account with that name.

use crate::dockerfile::{Body, Kind};
use crate::lint::facts::{Base, Stage, Step};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "user-without-passwd",
    page: include_str!("../../rules/lint/user-without-passwd.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: None,
};

/// The number that the fix uses: the UID of `nonroot` in distroless images.
const NONROOT: &str = "65532";

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // A stage can only be based on an earlier one, which is already in the list.
    let mut lacks_passwd: Vec<bool> = Vec::with_capacity(cx.facts.stages.len());
    for stage in &cx.facts.stages {
        let starts_without = match stage.base {
            Base::Scratch => true,
            Base::Stage(base) => lacks_passwd.get(base).copied().unwrap_or(false),
            Base::Image(_) => false,
        };
        lacks_passwd.push(starts_without && !may_add_passwd(cx, stage));
        if !lacks_passwd[stage.index] {
            continue;
        }
        for step in cx.facts.steps_of(stage) {
            if !step.onbuild {
                report(cx, step, findings);
            }
        }
    }
}

/// Reports a step that refers to a user or a group by name.
fn report(cx: &DockerfileContext<'_>, step: &Step<'_>, findings: &mut Findings) {
    let word = match (&step.instruction.body, step.kind()) {
        (Body::Words { words, .. }, Kind::User) => words.first(),
        (_, Kind::Copy | Kind::Add) => step.flag("chown").and_then(|flag| flag.value.as_ref()),
        _ => None,
    };
    let Some(word) = word else { return };
    let Some(text) = cx.facts.expand(step, word) else {
        return;
    };
    let Some(name) = text.trim().split(':').find(|part| needs_account(part)) else {
        return;
    };
    let message = format!("user or group `{name}` does not exist in the image");
    let report = findings.add(word.span, message);
    // There may be a variable or quotes in place of the name.
    if word.literal() != Some(text.as_str()) || cx.source.slice(word.span) != text {
        return;
    }
    let numbers: Vec<&str> = text
        .split(':')
        .map(|part| if needs_account(part) { NONROOT } else { part })
        .collect();
    let edit = Edit::replace(word.span, numbers.join(":"));
    report.fix(Fix::marked_unsafe(
        format!("use a number, such as {NONROOT}"),
        [edit],
    ));
}

/// Whether a user or a group must be looked up. Builders and runtimes treat `root` as 0.
fn needs_account(part: &str) -> bool {
    !part.is_empty() && !part.bytes().all(|b| b.is_ascii_digit()) && part != "root"
}

/// Whether a stage may add `/etc/passwd`: by name, as part of a parent directory, or in a script.
fn may_add_passwd(cx: &DockerfileContext<'_>, stage: &Stage<'_>) -> bool {
    cx.facts
        .steps_of(stage)
        .iter()
        .any(|step| match (&step.instruction.body, step.kind()) {
            (Body::Transfer { destination, .. }, Kind::Copy | Kind::Add) => {
                let to = cx.facts.expand(step, destination);
                let to = to.as_deref().map(|to| to.trim_end_matches('/'));
                to.is_none_or(|to| {
                    matches!(
                        to,
                        "" | "." | "/etc" | "/etc/passwd" | "/etc/group" | "etc" | "etc/passwd"
                    )
                })
            }
            (_, Kind::Run | Kind::Shell) => true,
            _ => false,
        })
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    let setting = cx.configuration().user();
    let (user, group) = setting.split_once(':').unwrap_or((setting, ""));
    let groups = &cx.accounts.groups;
    let missing = if is_name(user) && cx.accounts.user(user).is_none() {
        format!("user `{user}` is not in `/etc/passwd`")
    } else if is_name(group) && !groups.iter().any(|(name, _)| name == group) {
        format!("group `{group}` is not in `/etc/group`")
    } else {
        return;
    };
    let message = format!("{missing}, so the container does not start");
    findings.add(cx.at_instruction("USER"), message);
}

/// Whether a user or group is a name. A number does not need an account.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.parse::<u64>().is_err()
}
