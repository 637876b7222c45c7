//! Tracer for packages that contain the data of another package: `transmission-common` for
//! `transmission-daemon`, `chromium-common` for `chromium`. Their directories need not have the
//! name of the program.

use std::collections::{HashMap, HashSet};

use crate::image::NameId;
use crate::knowledge::path_set;
use crate::packages::{Package, Packages};
use crate::slim::keep::Keep;
use crate::slim::keep_rules::wildcard;
use crate::slim::program_kind::is_program;
use crate::slim::tracer::Tracer;
use crate::slim::why::Why;

/// Endings of the names of such packages.
const ENDINGS: [&str; 2] = ["-common", "-data"];

/// Directories in which packages have data for their programs. Configuration in `/etc` has the name
/// of the program.
const DATA: [&[u8]; 4] = [b"/opt/", b"/usr/lib", b"/usr/share/", b"/var/www/"];

/// Sets of paths that are no data of a program.
const LEFT_OUT: [&str; 9] = [
    "accounts",
    "desktop-data",
    "documentation",
    "locale-data",
    "made-by-packages",
    "module-directories",
    "package-tools",
    "records",
    "system-services",
];

/// Keeps the data packages of kept programs.
pub(super) struct DataPackageTracer<'a> {
    packages: &'a Packages,
    /// Packages of a distribution by name; several if they are for several architectures.
    by_name: HashMap<&'a str, Vec<usize>>,
    /// Packages whose files were kept.
    kept: HashSet<usize>,
}

impl<'a> DataPackageTracer<'a> {
    pub(super) fn new(packages: &'a Packages) -> Self {
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (row, package) in packages.list.iter().enumerate() {
            let is_data = ENDINGS.iter().any(|ending| package.name.ends_with(ending));
            if is_data && package.ecosystem.is_distribution() {
                by_name.entry(&package.name).or_default().push(row);
            }
        }
        Self {
            packages,
            by_name,
            kept: HashSet::new(),
        }
    }

    /// The data packages of a package, as rows of the list.
    fn data_of(&self, package: &Package) -> Vec<usize> {
        let mut rows = Vec::new();
        for stem in stems(&package.name) {
            for ending in ENDINGS {
                let name = format!("{stem}{ending}");
                for &row in self.by_name.get(name.as_str()).into_iter().flatten() {
                    // A package of another source has the name by chance.
                    if self.packages.list[row].source_name() == package.source_name() {
                        rows.push(row);
                    }
                }
            }
        }
        rows
    }
}

impl Tracer for DataPackageTracer<'_> {
    fn trace(&mut self, keep: &mut Keep<'_>, name: NameId) {
        // Most images have no such package, and most names are not programs.
        if self.by_name.is_empty() || !keep.is_file(name) || !is_program(keep.tree(), name) {
            return;
        }
        for package in self.packages.owners(name) {
            for row in self.data_of(package) {
                if self.kept.insert(row) {
                    keep_files(keep, name, &self.packages.list[row]);
                }
            }
        }
    }
}

/// Keeps the files of a data package.
fn keep_files(keep: &mut Keep<'_>, program: NameId, package: &Package) {
    for &file in &package.files {
        let path = keep.tree().path(file);
        if !is_left_out(&path) {
            let package = package.name.clone();
            keep.graph
                .keep(file, Some(program), Why::DataPackage { package });
        }
    }
}

fn is_left_out(path: &[u8]) -> bool {
    if !DATA.iter().any(|directory| path.starts_with(directory)) {
        return true;
    }
    LEFT_OUT.iter().any(|set| {
        let patterns = path_set(set).expect("the set is in the table");
        patterns
            .iter()
            .any(|pattern| wildcard::covers(pattern.as_bytes(), path))
    })
}

/// The name of a package, and the name with its last parts removed: `libreoffice-writer-nogui`,
/// `libreoffice-writer`, `libreoffice`.
fn stems(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |stem| Some(stem.rsplit_once('-')?.0))
}

#[cfg(test)]
mod tests {
    use super::stems;

    #[test]
    fn package_name_stems_end_at_hyphens() {
        let stems: Vec<&str> = stems("libreoffice-writer-nogui").collect();
        assert_eq!(
            stems,
            [
                "libreoffice-writer-nogui",
                "libreoffice-writer",
                "libreoffice"
            ]
        );
    }
}
