//! The output of a dry run: dropped and kept files as trees of sizes, and dropped packages.

use std::collections::BTreeSet;

use super::size::{counted, size};
use crate::image::{Image, Kind, NameId, ReadError, Tree};
use crate::packages::Packages;
use crate::printable::{Lines, escape, escape_bytes};
use crate::slim::{Plan, Slimming};

/// Lines of a tree. In a larger tree, the least interesting parts are cut.
const LINES: usize = 30;
/// Number of packages that are listed.
const PACKAGES: usize = 12;

/// Trees of dropped and kept files, and the largest dropped packages.
pub fn dry_run(slimming: &Slimming<'_>) -> Result<Lines, ReadError> {
    let (image, plan) = (slimming.image, &slimming.plan);
    let mut out = Lines::new();
    dropped_packages(&mut out, image, slimming.packages()?, plan);
    sizes(&mut out, "dropped", &image.tree, &|name| {
        !plan.is_kept(name)
    });
    sizes(&mut out, "kept", &image.tree, &|name| plan.is_kept(name));
    for record in plan.records() {
        out.line(format_args!(
            "  {:>9}  {} (generated)",
            size(record.bytes.len() as u64),
            escape_bytes(&record.path)
        ));
    }
    out.line("`--report FILE.html` lists every file; `jettison why` and `why-not` explain one");
    Ok(out)
}

fn dropped_packages(out: &mut Lines, image: &Image, packages: &Packages, plan: &Plan) {
    let before = packages.sizes(&image.tree, |_| true);
    let after = packages.sizes(&image.tree, |name| plan.is_kept(name));
    let mut dropped = Vec::new();
    for (row, package) in packages.list.iter().enumerate() {
        if before[row] > 0 && after[row] == 0 {
            dropped.push((before[row], package.name.as_str()));
        }
    }
    if dropped.is_empty() {
        return;
    }
    dropped.sort_by_key(|&(bytes, name)| (std::cmp::Reverse(bytes), name));
    out.line("dropped packages:");
    for (bytes, name) in dropped.iter().take(PACKAGES) {
        out.line(format_args!("  {:>9}  {}", size(*bytes), escape(name)));
    }
    if dropped.len() > PACKAGES {
        out.line(format_args!("  and {} more", dropped.len() - PACKAGES));
    }
}

/// The tree of sizes of the wanted files, in full if it has few lines. Otherwise the largest
/// directories are open, and the others are closed.
fn sizes(out: &mut Lines, title: &str, tree: &Tree, is_wanted: &dyn Fn(NameId) -> bool) {
    let sums = Sums::of(tree, is_wanted);
    let mut open: BTreeSet<NameId> = BTreeSet::from([NameId::ROOT]);
    let mut lines = sums.children(tree, NameId::ROOT).len();
    loop {
        let closed = open
            .iter()
            .flat_map(|&directory| sums.children(tree, directory));
        let closed = closed.filter(|name| !open.contains(name) && tree.is_directory(*name));
        let fits = |name: &NameId| lines + sums.children(tree, *name).len() <= LINES;
        let largest = closed
            .filter(|name| sums.files[name.index()] > 0 && fits(name))
            .max_by_key(|name| (sums.bytes[name.index()], std::cmp::Reverse(name.index())));
        let Some(largest) = largest else {
            break;
        };
        lines += sums.children(tree, largest).len();
        open.insert(largest);
    }
    out.line(format_args!("{title}:"));
    let mut stack: Vec<NameId> = sums.children(tree, NameId::ROOT);
    stack.reverse();
    while let Some(name) = stack.pop() {
        line(out, tree, &sums, name);
        if open.contains(&name) {
            stack.extend(sums.children(tree, name).into_iter().rev());
        }
    }
}

fn line(out: &mut Lines, tree: &Tree, sums: &Sums, name: NameId) {
    let path = tree.path(name);
    // The depth shows what belongs together, and the whole path can be copied.
    let depth = memchr::memchr_iter(b'/', &path).count();
    let indent = "  ".repeat(depth.saturating_sub(1));
    let path = escape_bytes(&path);
    let bytes = size(sums.bytes[name.index()]);
    if tree.is_directory(name) {
        let files = counted(sums.files[name.index()], "file");
        out.line(format_args!("  {bytes:>9}  {indent}{path}/ ({files})"));
    } else {
        out.line(format_args!("  {bytes:>9}  {indent}{path}"));
    }
}

/// Sums of the wanted files, a row a name; those of a directory are of all that is below it.
struct Sums {
    bytes: Vec<u64>,
    files: Vec<usize>,
}

impl Sums {
    fn of(tree: &Tree, is_wanted: &dyn Fn(NameId) -> bool) -> Self {
        let mut sums = Self {
            bytes: vec![0; tree.name_count()],
            files: vec![0; tree.name_count()],
        };
        let mut counted = vec![false; tree.inode_count()];
        for name in tree.walk() {
            if tree.is_directory(name) || !is_wanted(name) {
                continue;
            }
            let mut length = 0;
            // The bytes of a file with several names count for the first.
            if let Kind::File(content) = &tree.inode(name).kind
                && !std::mem::replace(&mut counted[tree.inode_id(name).index()], true)
            {
                length = content.length();
            }
            sums.add(tree, name, length);
        }
        sums
    }

    /// Counts a file for itself and for the directories that it is in.
    fn add(&mut self, tree: &Tree, name: NameId, length: u64) {
        let mut at = name;
        while at != NameId::ROOT {
            self.bytes[at.index()] = self.bytes[at.index()].saturating_add(length);
            self.files[at.index()] += 1;
            at = tree.parent(at);
        }
    }

    /// The entries of a directory with something in them, the largest first.
    fn children(&self, tree: &Tree, directory: NameId) -> Vec<NameId> {
        let mut children: Vec<NameId> = tree
            .children(directory)
            .filter(|name| self.files[name.index()] > 0)
            .collect();
        children.sort_by_key(|name| std::cmp::Reverse(self.bytes[name.index()]));
        children
    }
}
