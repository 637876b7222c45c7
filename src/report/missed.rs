//! Things that a user may miss in a slimmed image: packages that were installed on purpose but not
//! kept, and companions of the image's own program.

use std::collections::BTreeSet;

use crate::image::{Image, Kind, NameId, Tree};
use crate::lint::image::installed_on_purpose;
use crate::packages::{Package, Packages};
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

impl<'a> Missed<'a> {
    pub(super) fn of(image: &Image, packages: &'a Packages, plan: &Plan) -> Self {
        let tree = &image.tree;
        let sizes = packages.sizes(tree, |_| true);
        let mut missed = Vec::new();
        for row in installed_on_purpose(image, packages) {
            let package = &packages.list[row];
            let rows = substantial(tree, packages, row, MOST_METAPACKAGES);
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
fn substantial(tree: &Tree, packages: &Packages, row: usize, depth: usize) -> BTreeSet<usize> {
    let package = &packages.list[row];
    if !substance(tree, package).is_empty() {
        return BTreeSet::from([row]);
    }
    let mut rows = BTreeSet::new();
    if depth == 0 {
        return rows;
    }
    for (row, other) in packages.list.iter().enumerate() {
        // Libraries and shared files come with everything.
        let is_named =
            other.ecosystem == package.ecosystem && package.depends.contains(&other.name);
        if is_named && !other.name.starts_with("lib") && !other.name.ends_with("-common") {
            rows.extend(substantial(tree, packages, row, depth - 1));
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
