//! `broken-link`: a symlink of the application points to a file that does not exist.

use crate::image::Kind;
use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "broken-link",
    page: include_str!("../../rules/lint/broken-link.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

/// Directories that the container runtime fills.
const MOUNTED: [&[u8]; 4] = [b"/proc", b"/dev", b"/sys", b"/run"];

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    for &name in &cx.files.broken_links {
        // Packages ship dangling links on purpose, to files of packages they only recommend, and so
        // do base images.
        let mut owners = cx.packages.owners(name);
        let is_packaged = owners.any(|package| package.ecosystem.is_distribution());
        if is_packaged || cx.layer_of(name).unwrap_or(0) == 0 {
            continue;
        }
        let Kind::Symlink { target } = &cx.tree().inode(name).kind else {
            continue;
        };
        if MOUNTED.iter().any(|place| target.starts_with(place)) {
            continue;
        }
        let (path, target) = (cx.path(name), target.escape_ascii());
        let message = format!("symlink `{path}` points to `{target}`, which does not exist");
        findings.add(cx.at_file(name), message);
    }
}
