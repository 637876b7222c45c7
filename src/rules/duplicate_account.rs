//! `duplicate-account`: two accounts or groups share a name or a number.

use std::collections::BTreeSet;

use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "duplicate-account",
    page: include_str!("../../rules/lint/duplicate-account.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    let users = cx.accounts.users.iter();
    let users = users.map(|user| (user.name.as_str(), user.uid));
    report(cx, &USERS, users, findings);
    let groups = cx.accounts.groups.iter();
    let groups = groups.map(|(name, gid)| (name.as_str(), *gid));
    report(cx, &GROUPS, groups, findings);
}

/// A file of accounts, and the terms for its entries in messages.
struct Database {
    path: &'static str,
    kind: &'static str,
    id: &'static str,
}

const USERS: Database = Database {
    path: "/etc/passwd",
    kind: "user",
    id: "UID",
};

const GROUPS: Database = Database {
    path: "/etc/group",
    kind: "group",
    id: "GID",
};

/// Reports every entry that has the name or number of an earlier one.
fn report<'a>(
    cx: &ImageContext<'_>,
    database: &Database,
    accounts: impl Iterator<Item = (&'a str, u64)>,
    findings: &mut Findings,
) {
    let Database { path, kind, id } = database;
    let Some(file) = cx.find(path) else {
        return;
    };
    let (mut names, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    for (name, number) in accounts {
        // The name is checked first, because a lookup by name never finds the second entry.
        let message = if !names.insert(name) {
            format!("{kind} `{name}` is defined twice in `{path}`")
        } else if !numbers.insert(number) {
            format!("{kind} `{name}` shares {id} {number} with another {kind}")
        } else {
            continue;
        };
        findings.add(cx.at_file(file), message);
    }
}
