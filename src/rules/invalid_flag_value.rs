//! `invalid-flag-value`: the value of a flag is not valid once its variables are replaced.

use super::support::file_modes::is_file_mode;
use super::support::mounts::mount_fault;
use super::support::remotes::Remote;
use super::support::words::known_value;
use crate::dockerfile::{Kind, Word, WordPart};
use crate::image::name::digest_fault;
use crate::knowledge::is_platform;
use crate::lint::facts::{MountFlag, Step};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "invalid-flag-value",
    page: include_str!("../../rules/lint/invalid-flag-value.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in &cx.facts.steps {
        for flag in &step.instruction.flags {
            let Some(word) = &flag.value else { continue };
            match (step.kind(), flag.name.as_str()) {
                (Kind::From, "platform") => check_platform(cx, word, findings),
                (Kind::Copy | Kind::Add, "chmod") => check_mode(cx, step, word, findings),
                (Kind::Copy, "from") => check_source(word, findings),
                (Kind::Add, "checksum") => check_checksum(cx, step, word, findings),
                _ => {}
            }
        }
        for mount in &step.mounts {
            check_mount(cx, step, mount, findings);
        }
    }
}

fn check_platform(cx: &DockerfileContext<'_>, word: &Word, findings: &mut Findings) {
    // An empty value without a variable is a missing value; an empty variable may be a build
    // argument that is always given.
    let Some(platform) = cx.facts.expand_default(word) else {
        return;
    };
    if !platform.is_empty() && !is_platform(&platform) {
        findings
            .add(word.span, format!("unknown platform `{platform}`"))
            .note("use `OS/ARCHITECTURE`, such as `linux/arm64`");
    }
}

fn check_mode(cx: &DockerfileContext<'_>, step: &Step<'_>, word: &Word, findings: &mut Findings) {
    let Some(mode) = known_value(cx, step, word) else {
        return;
    };
    // BuildKit ignores an empty mode.
    if !mode.is_empty() && !is_file_mode(&mode) {
        findings
            .add(word.span, format!("invalid mode `{mode}`"))
            .note("use an octal number up to 7777, or a symbolic mode such as `u=rwX,go=rX`");
    }
}

fn check_source(word: &Word, findings: &mut Findings) {
    // BuildKit expands none, and refuses what would be expanded.
    let mut parts = word.parts.iter();
    if parts.any(|part| matches!(part, WordPart::Variable(_))) {
        findings
            .add(word.span, "`--from` cannot contain variables")
            .note("use the variables in a `FROM` and refer to its stage by name");
    }
}

fn check_checksum(
    cx: &DockerfileContext<'_>,
    step: &Step<'_>,
    word: &Word,
    findings: &mut Findings,
) {
    let Some(checksum) = known_value(cx, step, word) else {
        return;
    };
    let body = &step.instruction.body;
    // BuildKit ignores an empty checksum.
    if body.destination().is_none() || checksum.is_empty() {
        return;
    }
    let paths: Vec<&Word> = body.source_words().collect();
    let [path] = paths.as_slice() else {
        findings.add(word.span, "`--checksum` needs a single source");
        return;
    };
    let Some(source) = known_value(cx, step, path) else {
        return;
    };
    match Remote::of(&source) {
        None => {
            let message = "`--checksum` requires a remote source";
            findings
                .add(word.span, message)
                .label(path.span, "file from the build context");
        }
        Some(Remote::Http) => {
            if let Some(reason) = digest_fault(&checksum) {
                let message = format!("invalid checksum `{checksum}`: {reason}");
                findings.add(word.span, message);
            }
        }
        // The checksum of a repository is a commit, which may be abbreviated.
        Some(Remote::Git | Remote::GithubPath) => {}
    }
}

fn check_mount(
    cx: &DockerfileContext<'_>,
    step: &Step<'_>,
    mount: &MountFlag<'_>,
    findings: &mut Findings,
) {
    if let Some(fault) = mount_fault(cx, step, mount) {
        let report = findings.add(fault.span, fault.message);
        if let Some(note) = fault.note {
            report.note(note);
        }
        return;
    }
    for field in mount.fields.iter().flatten() {
        let name = field.value.as_deref().unwrap_or_default();
        if field.is("from")
            && let Some(alias) = later_stage(cx, step, name)
        {
            let message = format!("stage `{name}` is defined later, so the mount cannot use it");
            findings
                .add(field.value_span, message)
                .label(alias.span, "defined here");
        }
    }
}

/// The name of a stage that is defined after that of an instruction.
fn later_stage<'a>(cx: &DockerfileContext<'a>, step: &Step<'_>, name: &str) -> Option<&'a Word> {
    // The stages of an ONBUILD are those of a later build.
    if step.onbuild {
        return None;
    }
    // Of several stages with the name, BuildKit takes the last one.
    let stages = &cx.facts.stages;
    let stage = stages.iter().rfind(|stage| stage.is_named(name))?;
    if stage.index > step.stage? {
        stage.alias
    } else {
        None
    }
}
