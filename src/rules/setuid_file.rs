//! `setuid-file`: a program has the setuid or setgid bit.

use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "setuid-file",
    page: include_str!("../../rules/lint/setuid-file.md"),
    dockerfile: None,
    image: Some(check),
};

const SETUID: u32 = 0o4000;
const SETGID: u32 = 0o2000;
const GROUP_EXECUTE: u32 = 0o010;

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    for &name in &cx.files.setuid {
        let header = &cx.tree().inode(name).header;
        let (path, mode) = (cx.path(name), header.mode);
        let message = if mode & SETUID != 0 {
            describe("setuid", ("UID", header.uid), &path, mode)
        } else if mode & SETGID != 0 && mode & GROUP_EXECUTE != 0 {
            describe("setgid", ("GID", header.gid), &path, mode)
        } else {
            // Without the right to execute, the bit means mandatory locking.
            continue;
        };
        findings.add(cx.at_file(name), message);
    }
}

fn describe(bit: &str, (kind, id): (&str, u64), path: &str, mode: u32) -> String {
    match id {
        0 => format!("{bit} root program `{path}` (mode {mode:04o})"),
        id => format!("{bit} program `{path}` of {kind} {id} (mode {mode:04o})"),
    }
}
