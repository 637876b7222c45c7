//! `world-writable`: every user may change a file, or what is in a directory.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "world-writable",
    page: None,
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    for &name in &cx.files.world_writable {
        let mode = cx.tree().inode(name).header.mode;
        let what = if cx.tree().is_directory(name) {
            "anybody may remove and replace what is in it"
        } else {
            "anybody may change it"
        };
        findings.file(name, format!("{what} (mode {mode:04o})"));
    }
}
