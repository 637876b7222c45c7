//! `writable-search-path`: a directory of `PATH` is writable by users other than root.

use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "writable-search-path",
    page: include_str!("../../rules/lint/writable-search-path.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    let user = cx.runs_as();
    for (directory, name) in cx.search_path() {
        let name = *name;
        let header = &cx.tree().inode(name).header;
        let by_owner = user != Some(0) && user == Some(header.uid) && header.mode & 0o200 != 0;
        // Root may write everywhere, so the check would be meaningless.
        let who = if header.mode & 0o002 != 0 {
            "every user"
        } else if by_owner {
            "the container's user"
        } else {
            continue;
        };
        let message = format!("`PATH` directory `{directory}` is writable by {who}");
        findings.add(cx.at_file(name), message);
    }
}
