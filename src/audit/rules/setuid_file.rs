//! `setuid-file`: a program that runs as its owner, whoever starts it.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "setuid-file",
    page: Some(include_str!("../../../rules/lint/setuid-file.md")),
    check,
};

const SETUID: u32 = 0o4000;
const SETGID: u32 = 0o2000;

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    for &name in &cx.files.setuid {
        let header = &cx.tree().inode(name).header;
        let (whose, id) = match header.mode {
            mode if mode & SETUID != 0 => ("user", header.uid),
            mode if mode & SETGID != 0 && mode & 0o010 != 0 => ("group", header.gid),
            _ => continue,
        };
        let mode = header.mode;
        findings.file(
            name,
            format!("whoever starts it runs it as {whose} {id} (mode {mode:04o})"),
        );
    }
}
