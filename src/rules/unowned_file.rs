//! `unowned-file`: a file belongs to a number that is nobody.

use std::collections::BTreeMap;

use crate::image::NameId;
use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unowned-file",
    page: include_str!("../../rules/lint/unowned-file.md"),
    dockerfile: None,
    image: Some(check),
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
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
        let report = findings.add(
            cx.at_file(first),
            format!("it belongs to user {uid}, whom `/etc/passwd` does not know"),
        );
        if count > 1 {
            report.note(format!("and {} more", count - 1));
        }
    }
}
