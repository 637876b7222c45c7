//! `broken-link`: a link of the application leads nowhere.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "broken-link",
    page: Some(include_str!("../../../rules/lint/broken-link.md")),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
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
                findings.file(
                    name,
                    format!(
                        "it leads to `{}`, which is not there",
                        target.escape_ascii()
                    ),
                );
            }
        }
    }
}
