//! `writable-search-path`: others may put programs where programs are looked for.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "writable-search-path",
    page: Some(include_str!("../../../rules/lint/writable-search-path.md")),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    let user = cx.runs_as();
    for directory in cx.search_path() {
        let Some(name) = cx
            .find(&directory)
            .filter(|&name| cx.tree().is_directory(name))
        else {
            continue;
        };
        let header = &cx.tree().inode(name).header;
        let by_all = header.mode & 0o002 != 0;
        let by_user = user != Some(0) && user == Some(header.uid) && header.mode & 0o200 != 0;
        if by_all || by_user {
            let who = if by_all {
                "anybody"
            } else {
                "the container's own user"
            };
            findings.file(
                name,
                format!("{who} may put programs into `{directory}`, which is on `PATH`"),
            );
        }
    }
}
