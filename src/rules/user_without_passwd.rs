//! `user-without-passwd`: a user is named in an image that has no list of users.

use crate::dockerfile::{Body, Kind};
use crate::lint::facts::{Base, Stage, Step};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "user-without-passwd",
    page: include_str!("../../rules/lint/user-without-passwd.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

/// Who distroless images call `nonroot`.
const NOBODY: &str = "65532";

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // A stage is built on an earlier one, whose answer is known then.
    let mut lacks: Vec<bool> = Vec::with_capacity(cx.facts.stages.len());
    for stage in &cx.facts.stages {
        let from_nothing = match stage.base {
            Base::Scratch => true,
            Base::Stage(at) => lacks.get(at).copied().unwrap_or(false),
            Base::Image(_) => false,
        };
        lacks.push(from_nothing && !may_bring_passwd(cx, stage));
        if lacks[stage.index] {
            cx.facts
                .steps_of(stage)
                .iter()
                .filter(|step| !step.onbuild)
                .for_each(|step| report(cx, step, findings));
        }
    }
}

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
    let named = |part: &&str| {
        !part.is_empty() && !part.bytes().all(|b| b.is_ascii_digit()) && *part != "root"
    };
    if let Some(name) = text.trim().split(':').find(named) {
        let report = findings.add(
            word.span,
            format!("nothing in this image says who `{name}` is"),
        );
        let is_written =
            word.literal() == Some(text.as_str()) && cx.source.slice(word.span) == text;
        if is_written {
            let number = |part| if named(&part) { NOBODY } else { part };
            let parts: Vec<&str> = text.split(':').map(number).collect();
            let edit = Edit {
                span: word.span,
                replacement: parts.join(":"),
            };
            report.fix(Fix::new(
                format!("name a number, such as {NOBODY}"),
                Applicability::Unsafe,
                vec![edit],
            ));
        }
    }
}

/// Whether something in this stage brings `/etc/passwd`: by its name, with a folder above it, in an
/// archive, or by a script.
fn may_bring_passwd(cx: &DockerfileContext<'_>, stage: &Stage<'_>) -> bool {
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
    let said = cx.configuration().user();
    let (user, group) = said.split_once(':').unwrap_or((said, ""));
    let is_name = |text: &str| !text.is_empty() && text.parse::<u64>().is_err();
    if is_name(user) && cx.accounts.user(user).is_none() {
        findings.add(
            cx.at_instruction("USER"),
            format!("nothing in this image says who `{user}` is, so it does not start"),
        );
    } else if is_name(group) && !cx.accounts.groups.iter().any(|(name, _)| name == group) {
        findings.add(
            cx.at_instruction("USER"),
            format!("nothing in this image says what group `{group}` is, so it does not start"),
        );
    }
}
