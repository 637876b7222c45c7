//! `workdir-in-system-path`: WORKDIR is a directory of the kernel or the boot loader.

use super::support::steps::{first_word, of_kind};
use crate::dockerfile::Kind;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "workdir-in-system-path",
    page: include_str!("../../rules/lint/workdir-in-system-path.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Directories of the kernel, the boot loader and the file system.
const SYSTEM: [&str; 6] = ["proc", "sys", "dev", "boot", "initrd", "lost+found"];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::Workdir]) {
        let Some(word) = first_word(step) else {
            continue;
        };
        let Some(path) = cx.facts.expand(step, word) else {
            continue;
        };
        let path = path.trim_matches('"');
        let first = path
            .strip_prefix('/')
            .and_then(|rest| rest.trim_start_matches('/').split('/').next());
        // `/dev/shm` is shared memory that programs may use as they like.
        if first.is_some_and(|first| SYSTEM.contains(&first)) && path != "/dev/shm" {
            let message = format!("`WORKDIR` is the system directory `{path}`");
            findings.add(word.span, message);
        }
    }
}
