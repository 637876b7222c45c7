//! `setuid-file`: a program has the setuid or setgid bit.

use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "setuid-file",
    page: include_str!("../../rules/lint/setuid-file.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

/// The bits of a mode, as chmod(2) defines them.
const SETUID: u32 = 0o4000;
const SETGID: u32 = 0o2000;
const GROUP_EXECUTE: u32 = 0o010;
const EXECUTE: u32 = 0o111;

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    for &name in &cx.files.setuid {
        let header = &cx.tree().inode(name).header;
        let (path, mode) = (cx.path(name), header.mode);
        // Nobody can run the file, so the bit has no effect.
        if mode & EXECUTE == 0 {
            continue;
        }
        // A program with both bits gets more by the user than by the group.
        let (bit, kind, id) = if mode & SETUID != 0 {
            ("setuid", "UID", header.uid)
        } else if mode & SETGID != 0 && mode & GROUP_EXECUTE != 0 {
            ("setgid", "GID", header.gid)
        } else {
            // If the group may not execute the file, the bit means mandatory locking.
            continue;
        };
        let message = match id {
            0 => format!("{bit} root program `{path}` (mode {mode:04o})"),
            id => format!("{bit} program `{path}` owned by {kind} {id} (mode {mode:04o})"),
        };
        findings.add(cx.at_file(name), message);
    }
}
