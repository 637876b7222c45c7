//! Unit files: the directories in which systemd finds them, and their precedence.

use std::collections::BTreeMap;

use crate::image::{Kind, NameId, ResolveError, Tree};
use crate::knowledge::unit_directories;
use crate::paths::file_name_bytes;
use crate::slim::effort::Allowance;

use super::name::UnitName;

/// The cost of looking up a name in the directories, in bytes of unit files.
pub(in crate::slim) const LOOKUP: usize = 64;
/// Maximum number of dashes in a name that are considered for drop-ins: `a-b-c.service` also uses
/// those of `a-b-.service` and `a-.service`.
const MAX_DASHES: usize = 16;

/// The unit directories in an image, in order of precedence.
#[derive(Debug)]
pub(in crate::slim) struct UnitFiles {
    directories: Vec<NameId>,
}

/// The file of a unit.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::slim) enum Found {
    Missing,
    /// A symlink to `/dev/null`, or an empty file.
    Masked(NameId),
    /// A symlink from this name to a unit with another name.
    Alias(NameId, UnitName),
    /// The file, or a symlink to it.
    Fragment(NameId),
}

impl UnitFiles {
    pub(in crate::slim) fn of(tree: &Tree) -> Self {
        let mut directories = Vec::new();
        for path in unit_directories() {
            // With a merged `/usr`, `/lib/systemd/system` is the same directory.
            if let Ok(resolved) = tree.resolve(path.as_bytes())
                && tree.is_directory(resolved.name)
                && !directories.contains(&resolved.name)
            {
                directories.push(resolved.name);
            }
        }
        Self { directories }
    }

    pub(in crate::slim) fn is_directory_of_units(&self, directory: NameId) -> bool {
        self.directories.contains(&directory)
    }

    /// Finds the file of a unit. The file of its template is only used if no directory has one for
    /// the instance.
    pub(in crate::slim) fn find(&self, tree: &Tree, name: &UnitName) -> Found {
        let entry = self.first(tree, name.full()).or_else(|| {
            let template = name.template()?;
            self.first(tree, &template)
        });
        let Some(entry) = entry else {
            return Found::Missing;
        };
        match &tree.inode(entry).kind {
            Kind::Symlink { target } if is_null(tree, entry, target) => Found::Masked(entry),
            Kind::Symlink { target } => self.linked(tree, name, entry, target),
            Kind::File(content) if content.length() == 0 => Found::Masked(entry),
            Kind::File(_) => Found::Fragment(entry),
            _ => Found::Missing,
        }
    }

    /// The entry with a name in the directory with the highest precedence that has one.
    fn first(&self, tree: &Tree, name: &str) -> Option<NameId> {
        let mut directories = self.directories.iter();
        directories.find_map(|&directory| tree.child(directory, name.as_bytes()))
    }

    fn linked(&self, tree: &Tree, name: &UnitName, entry: NameId, target: &[u8]) -> Found {
        let target = String::from_utf8_lossy(file_name_bytes(target)).into_owned();
        let Some(alias) = name.alias(&target) else {
            return Found::Fragment(entry);
        };
        // `systemctl link` adds units from other directories, under any file name.
        let is_unit =
            self.first(tree, &target).is_some() || self.first(tree, alias.full()).is_some();
        if is_unit {
            Found::Alias(entry, alias)
        } else {
            Found::Fragment(entry)
        }
    }

    /// The drop-ins of a unit, in the order in which systemd reads them.
    pub(in crate::slim) fn drop_ins(
        &self,
        tree: &Tree,
        name: &UnitName,
        budget: &mut Allowance,
    ) -> Vec<NameId> {
        let mut files = BTreeMap::new();
        for directory in drop_in_directories(name) {
            self.collect(tree, &directory, budget, &mut files);
        }
        files.retain(|file_name, _| file_name.ends_with(b".conf"));
        files.into_values().collect()
    }

    /// The entries of a `.wants` or `.requires` directory of a unit, by the names of the units that
    /// they pull in.
    pub(in crate::slim) fn linked_units(
        &self,
        tree: &Tree,
        directory: &str,
        budget: &mut Allowance,
    ) -> Vec<NameId> {
        let mut entries = BTreeMap::new();
        self.collect(tree, directory, budget, &mut entries);
        entries.into_values().collect()
    }

    /// Adds the entries of all directories with a name. An entry hides entries with the same name
    /// in directories of lower precedence; a symlink to `/dev/null` has no other effect.
    fn collect<'t>(
        &self,
        tree: &'t Tree,
        name: &str,
        budget: &mut Allowance,
        entries: &mut BTreeMap<&'t [u8], NameId>,
    ) {
        for &directory in &self.directories {
            let Ok(resolved) = tree.resolve_from(directory, name.as_bytes()) else {
                continue;
            };
            for entry in tree.children(resolved.name) {
                if !budget.spend(LOOKUP) {
                    return;
                }
                entries.entry(tree.file_name(entry)).or_insert(entry);
            }
        }
    }
}

/// Whether a symlink disables the unit or drop-in with its name.
pub(in crate::slim) fn is_masked(tree: &Tree, entry: NameId) -> bool {
    match &tree.inode(entry).kind {
        Kind::Symlink { target } => is_null(tree, entry, target),
        Kind::File(content) => content.length() == 0,
        _ => false,
    }
}

/// Whether a symlink points to `/dev/null`, which may be missing from the image.
fn is_null(tree: &Tree, entry: NameId, target: &[u8]) -> bool {
    const NULL: &[u8] = b"/dev/null";
    if target == NULL {
        return true;
    }
    match tree.resolve_from(tree.parent(entry), target) {
        Ok(resolved) => tree.path(resolved.name) == NULL,
        Err(ResolveError::NotFound { missing, .. }) => missing == NULL || missing == b"/dev",
        Err(_) => false,
    }
}

/// The names of the directories for the drop-ins of a unit, the most specific first.
fn drop_in_directories(name: &UnitName) -> Vec<String> {
    let kind = name.kind();
    let mut directories = vec![format!("{}.d", name.full())];
    directories.extend(name.template().map(|template| format!("{template}.d")));
    let prefix = name.prefix();
    let dashes = prefix.match_indices('-').map(|(at, _)| at).rev();
    for dash in dashes.take(MAX_DASHES) {
        directories.push(format!("{}.{kind}.d", &prefix[..=dash]));
    }
    directories.push(format!("{kind}.d"));
    directories
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drop_ins_of_a_prefix_and_of_all_units_of_a_kind_apply() {
        let name = UnitName::parse("a-b@c.service").expect("it is valid");
        assert_eq!(
            drop_in_directories(&name),
            [
                "a-b@c.service.d",
                "a-b@.service.d",
                "a-.service.d",
                "service.d"
            ]
        );
    }
}
