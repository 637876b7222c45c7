//! Things that a user may miss in a slimmed image: packages that were installed on purpose but not
//! kept, and companions of the image's own program.

use std::collections::{BTreeMap, BTreeSet};

use crate::image::{Image, Kind, NameId, Tree};
use crate::lint::image::installed_on_purpose;
use crate::packages::{Ecosystem, Package, Packages};
use crate::printable::escape_bytes;
use crate::slim::Plan;

/// Directories whose files are not the substance of a package: a metapackage only has files there.
const INCIDENTAL: [&[u8]; 8] = [
    b"/etc/",
    b"/usr/share/bash-completion/",
    b"/usr/share/bug/",
    b"/usr/share/doc/",
    b"/usr/share/info/",
    b"/usr/share/lintian/",
    b"/usr/share/man/",
    b"/var/",
];

/// Dropped packages and programs for the user to review.
#[derive(Debug)]
pub(super) struct Missed<'a> {
    /// Packages with the bytes of their files, the largest first.
    pub(super) packages: Vec<(&'a Package, u64)>,
    /// File names, in alphabetical order.
    pub(super) companions: Vec<String>,
}

/// Maximum number of packages that a metapackage may refer to in a chain: `default-jre`,
/// `default-jre-headless`, `openjdk-17-jre-headless`.
const MOST_METAPACKAGES: usize = 3;
/// Maximum number of dependencies, and of files of packages, that are followed for all packages.
const MAX_FOLLOWED: usize = 4 << 20;

/// The rows of packages with each name.
type ByName<'a> = BTreeMap<(Ecosystem, &'a str), Vec<usize>>;

impl<'a> Missed<'a> {
    pub(super) fn of(image: &Image, packages: &'a Packages, plan: &Plan) -> Self {
        let tree = &image.tree;
        let sizes = packages.sizes(tree, |_| true);
        let mut by_name = ByName::new();
        for (row, package) in packages.list.iter().enumerate() {
            let key = (package.ecosystem, package.name.as_str());
            by_name.entry(key).or_default().push(row);
        }
        let mut left = MAX_FOLLOWED;
        let mut missed = Vec::new();
        for row in installed_on_purpose(image, packages) {
            let package = &packages.list[row];
            let rows = substantial(tree, packages, &by_name, row, &mut left);
            let mut files = rows
                .iter()
                .flat_map(|&row| substance(tree, &packages.list[row]));
            let is_kept = files.any(|name| plan.is_kept(name));
            if !rows.is_empty() && !is_kept {
                missed.push((package, rows.iter().map(|&row| sizes[row]).sum()));
            }
        }
        missed.sort_by_key(|(package, bytes)| (std::cmp::Reverse(*bytes), &package.name));
        // The same program may have two names of one file name.
        let mut companions = BTreeSet::new();
        for &name in plan.companions() {
            if !plan.is_kept(name) {
                companions.insert(escape_bytes(tree.file_name(name)));
            }
        }
        Self {
            packages: missed,
            companions: companions.into_iter().collect(),
        }
    }
}

/// The package itself, or the packages that it refers to if it is a metapackage.
fn substantial(
    tree: &Tree,
    packages: &Packages,
    by_name: &ByName<'_>,
    row: usize,
    left: &mut usize,
) -> BTreeSet<usize> {
    let mut rows = BTreeSet::new();
    // Metapackages may all depend on each other, so each is only followed once.
    let mut seen = BTreeSet::from([row]);
    let mut level = vec![row];
    for _ in 0..=MOST_METAPACKAGES {
        for row in std::mem::take(&mut level) {
            let package = &packages.list[row];
            let cost = 1 + package.files.len() + package.depends.len();
            let Some(rest) = left.checked_sub(cost) else {
                return rows;
            };
            *left = rest;
            if !substance(tree, package).is_empty() {
                rows.insert(row);
                continue;
            }
            let named = package.depends.iter().filter(|name| {
                // Libraries and shared files come with everything.
                !name.starts_with("lib") && !name.ends_with("-common")
            });
            for name in named {
                let others = by_name.get(&(package.ecosystem, name.as_str()));
                let new = others
                    .into_iter()
                    .flatten()
                    .filter(|row| seen.insert(**row));
                level.extend(new);
            }
        }
    }
    rows
}

/// The files of a package that do something.
fn substance(tree: &Tree, package: &Package) -> Vec<NameId> {
    let mut files = Vec::new();
    for &name in &package.files {
        let path = tree.path(name);
        let is_incidental = INCIDENTAL
            .iter()
            .any(|directory| path.starts_with(directory));
        let is_entry = matches!(tree.inode(name).kind, Kind::File(_) | Kind::Symlink { .. });
        // The record of a package of a language is kept for scanners.
        if is_entry && !is_incidental && name != package.record {
            files.push(name);
        }
    }
    files
}
