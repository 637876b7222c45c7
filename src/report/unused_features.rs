//! The price of keeping only what observed runs used: the features of the image that they did not
//! touch, by the rules, languages and packages that would keep their files.

use std::collections::BTreeMap;

use super::size::{counted, size};
use crate::image::{Image, Kind, NameId};
use crate::packages::Packages;
use crate::printable::escape;
use crate::slim::{Confidence, Link, Plan, Root, Why, keep_rules};

/// Files of a feature that are not kept.
#[derive(Clone, Copy, Debug, Default)]
struct Dropped {
    files: usize,
    bytes: u64,
}

/// A line for each feature that no observed run used, the largest first; none if the plan keeps
/// more than that.
pub(super) fn unused_features(image: &Image, packages: &Packages, plan: &Plan) -> Vec<String> {
    if plan.level() != Confidence::Observed {
        return Vec::new();
    }
    let mut features: BTreeMap<String, Dropped> = BTreeMap::new();
    for &name in plan.kept_at(Confidence::Possible) {
        let Kind::File(content) = &image.tree.inode(name).kind else {
            continue;
        };
        if !plan.is_kept(name) {
            let feature = feature(image, packages, plan, name);
            let dropped = features.entry(feature).or_default();
            dropped.files += 1;
            dropped.bytes += content.length();
        }
    }
    let mut rows: Vec<(String, Dropped)> = features.into_iter().collect();
    rows.sort_by_key(|(_, dropped)| std::cmp::Reverse(dropped.bytes));
    rows.iter().map(line).collect()
}

fn line((feature, dropped): &(String, Dropped)) -> String {
    let files = counted(dropped.files, "file");
    format!("{feature}: {files}, {}", size(dropped.bytes))
}

/// The rule, the language or the user's request that would keep a file; else its package.
fn feature(image: &Image, packages: &Packages, plan: &Plan, name: NameId) -> String {
    let chain = plan.why_at_any_level(name);
    // The last of the chain is the nearest to the file.
    if let Some(feature) = chain.iter().rev().find_map(of_link) {
        return feature;
    }
    if let Some(&row) = packages.owner_rows(name).first() {
        return format!("package {}", escape(&packages.list[row].name));
    }
    let path = image.tree.path(name);
    let top = path.split(|&byte| byte == b'/').nth(1).unwrap_or_default();
    format!("files in /{}", top.escape_ascii())
}

fn of_link(link: &Link<'_>) -> Option<String> {
    match link.why {
        Why::Rule { rule, .. } | Why::Root(Root::Rule { rule, .. }) => {
            let title = keep_rules().get(rule).map_or(*rule, |page| page.title);
            Some(format!("{title} ({rule})"))
        }
        Why::Runtime { language } => Some(format!("{language} runtime")),
        Why::Module { language, .. } => Some(format!("{language} modules")),
        Why::Root(Root::Brought { .. } | Root::InWorkdir) => {
            Some("files added by COPY and ADD, or in the working directory".to_owned())
        }
        Why::Root(Root::Made { .. }) => Some("files created by RUN".to_owned()),
        _ => None,
    }
}
