//! `broken-link`: a link of the application leads nowhere.

use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "broken-link",
    page: include_str!("../../rules/lint/broken-link.md"),
    dockerfile: None,
    image: Some(check),
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    for &name in &cx.files.broken_links {
        let is_packaged = cx
            .packages
            .owners(name)
            .any(|package| package.ecosystem.is_distribution());
        if is_packaged || cx.layer_of(name).unwrap_or(0) == 0 {
            continue;
        }
        if let crate::image::Kind::Symlink { target } = &cx.tree().inode(name).kind {
            let is_mounted = [&b"/proc"[..], b"/dev", b"/sys", b"/run"]
                .iter()
                .any(|place| target.starts_with(place));
            if !is_mounted {
                findings.add(
                    cx.at_file(name),
                    format!(
                        "it leads to `{}`, which is not there",
                        target.escape_ascii()
                    ),
                );
            }
        }
    }
}
