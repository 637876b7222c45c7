//! `duplicate-account`: two accounts or groups have one name or one number.

use std::collections::BTreeSet;

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "duplicate-account",
    page: Some(include_str!("../../../rules/lint/duplicate-account.md")),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    let users: Vec<(&str, u64)> = cx
        .accounts
        .users
        .iter()
        .map(|user| (user.name.as_str(), user.uid))
        .collect();
    let groups: Vec<(&str, u64)> = cx
        .accounts
        .groups
        .iter()
        .map(|(name, gid)| (name.as_str(), *gid))
        .collect();
    for (path, what, rows) in [
        ("/etc/passwd", "user", users),
        ("/etc/group", "group", groups),
    ] {
        let Some(file) = cx.find(path) else { continue };
        let (mut names, mut numbers) = (BTreeSet::new(), BTreeSet::new());
        for (name, number) in rows {
            if !names.insert(name) {
                findings.file(file, format!("there are two {what}s `{name}`"));
            } else if !numbers.insert(number) {
                findings.file(
                    file,
                    format!("`{name}` has the number {number} of another {what}"),
                );
            }
        }
    }
}
