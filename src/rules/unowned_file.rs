//! `unowned-file`: files are owned by a UID without an account.

use std::collections::BTreeMap;

use crate::image::NameId;
use crate::lint::{Findings, ImageContext, Rule};
use crate::size::counted;

pub(super) const RULE: Rule = Rule {
    name: "unowned-file",
    page: include_str!("../../rules/lint/unowned-file.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    // Without accounts, every UID would be unknown.
    if cx.accounts.users.is_empty() {
        return;
    }
    let mut unknown: BTreeMap<u64, (NameId, usize)> = BTreeMap::new();
    let runs_as = cx.runs_as();
    for name in cx.tree().walk() {
        let uid = cx.tree().inode(name).header.uid;
        // A numeric USER does not need an account, and its files belong to it.
        if !cx.accounts.has_uid(uid) && runs_as != Some(uid) {
            unknown.entry(uid).or_insert((name, 0)).1 += 1;
        }
    }
    for (uid, (first, count)) in unknown {
        let path = cx.path(first);
        let message = format!("`{path}` is owned by UID {uid}, which has no account");
        let report = findings.add(cx.at_file(first), message);
        if count > 1 {
            let others = counted(count - 1, "other file");
            report.note(format!("UID {uid} also owns {others}"));
        }
    }
}
