//! `unowned-file`: a file belongs to a number that is nobody.

use std::collections::BTreeMap;

use crate::audit::{Context, Findings, Rule};
use crate::image::NameId;

pub(super) const RULE: Rule = Rule {
    name: "unowned-file",
    page: Some(include_str!("../../../rules/lint/unowned-file.md")),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    if cx.accounts.users.is_empty() {
        return;
    }
    let mut nobody: BTreeMap<u64, (NameId, usize)> = BTreeMap::new();
    let runs_as = cx.runs_as();
    for name in cx.tree().walk() {
        let uid = cx.tree().inode(name).header.uid;
        if !cx.accounts.has_uid(uid) && runs_as != Some(uid) {
            nobody.entry(uid).or_insert((name, 0)).1 += 1;
        }
    }
    for (uid, (first, count)) in nobody {
        let report = findings.file(
            first,
            format!("it belongs to user {uid}, whom `/etc/passwd` does not know"),
        );
        if count > 1 {
            report.note(format!("and {} more", count - 1));
        }
    }
}
