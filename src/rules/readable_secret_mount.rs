//! `readable-secret-mount`: every user of the build may read a mounted secret.

use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "readable-secret-mount",
    page: include_str!("../../rules/lint/readable-secret-mount.md"),
    dockerfile: Some(check),
    image: None,
};

/// The bits of a mode that hold for users who are neither the owner nor in the group.
const OTHERS: u32 = 0o007;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let step = &cx.facts.steps[run.step];
        for flag in &step.instruction.flags {
            let (true, Some(word)) = (flag.name == "mount", &flag.value) else {
                continue;
            };
            let Some(options) = cx.facts.expand(step, word) else {
                continue;
            };
            // A socket of an SSH agent is as good as the keys in it.
            let kind = option(&options, "type").unwrap_or("bind");
            if !matches!(kind, "secret" | "ssh") {
                continue;
            }
            let Some(mode) = option(&options, "mode") else {
                continue;
            };
            if u32::from_str_radix(mode, 8).is_ok_and(|mode| mode & OTHERS != 0) {
                findings.add(
                    flag.span,
                    format!("mode `{mode}` lets every user read the mounted {kind}"),
                );
            }
        }
    }
}

/// The value of an option of a mount: `0444` of `type=secret,mode=0444`.
fn option<'o>(options: &'o str, name: &str) -> Option<&'o str> {
    for option in options.split(',') {
        if let Some((key, value)) = option.split_once('=')
            && key.trim().eq_ignore_ascii_case(name)
        {
            return Some(value.trim());
        }
    }
    None
}
