//! The package files that remain in a slimmed image.

use super::Status;
use crate::image::{Kind, NameId, Tree};
use crate::packages::Package;
use crate::slim::Plan;

/// The files of an image that slimming keeps.
pub(super) struct Remains<'a> {
    tree: &'a Tree,
    plan: &'a Plan,
    /// Whether a file is kept under any of its names, by inode index, because a package may list
    /// the name that is dropped.
    kept: Vec<bool>,
}

/// The remaining files of a package.
pub(super) struct Remainder {
    pub(super) status: Status,
    /// Number of files that may contain code, before slimming.
    before: usize,
    /// Number of those that remain.
    after: usize,
    /// One of the remaining files, preferably a program or library.
    example: Option<NameId>,
}

/// Longest path that is an example of the remaining files, in bytes.
const MAX_PATH: usize = 512;

/// Directories of files that no program runs or reads.
const INERT: [&[u8]; 8] = [
    b"/usr/share/doc/",
    b"/usr/share/man/",
    b"/usr/share/info/",
    b"/usr/share/locale/",
    b"/usr/share/licenses/",
    b"/usr/share/lintian/",
    b"/usr/share/doc-base/",
    b"/usr/share/bug/",
];

impl<'a> Remains<'a> {
    pub(super) fn new(tree: &'a Tree, plan: &'a Plan) -> Self {
        let mut kept = vec![false; tree.inode_count()];
        for &name in plan.kept() {
            kept[tree.inode_id(name).index()] = true;
        }
        Self { tree, plan, kept }
    }

    pub(super) fn of(&self, package: &Package) -> Remainder {
        let code: Vec<NameId> = package
            .files
            .iter()
            .copied()
            .filter(|&name| self.may_contain_code(package, name))
            .collect();
        let kept: Vec<NameId> = code
            .iter()
            .copied()
            .filter(|&name| self.kept[self.tree.inode_id(name).index()])
            .collect();
        let (before, after) = (code.len(), kept.len());
        // The record is kept for scanners and is not part of the package itself.
        let is_any_kept = package
            .files
            .iter()
            .any(|&name| name != package.record && self.plan.is_kept(name));
        let status = match () {
            // The database lists no files of the package, so it is unknown which were removed.
            () if package.files.is_empty() => Status::Unclear,
            () if after == 0 && !is_any_kept => Status::Removed,
            () if after == 0 => Status::NoCode,
            () if after == before => Status::Affected,
            () => Status::Unclear,
        };
        Remainder {
            status,
            before,
            after,
            example: kept
                .into_iter()
                .min_by_key(|&name| !self.is_executable(name)),
        }
    }

    /// Whether a file is a program or a library, judging by its mode and name.
    fn is_executable(&self, name: NameId) -> bool {
        let file = self.tree.file_name(name);
        self.tree.inode(name).header.mode & 0o111 != 0
            || file.ends_with(b".so")
            || file
                .windows(5)
                .any(|part| part.starts_with(b".so.") && part[4].is_ascii_digit())
    }

    /// Whether a file may contain vulnerable code. Scripts and data that programs read count too.
    fn may_contain_code(&self, package: &Package, name: NameId) -> bool {
        let is_file = matches!(self.tree.inode(name).kind, Kind::File(_));
        // A package with a single file, such as a JAR or a Go program, is its own record.
        let is_record = name == package.record && package.files.len() > 1;
        let path = self.tree.path(name);
        // Python's metadata is next to the code in a separate directory.
        let is_metadata = [&b".dist-info/"[..], b".egg-info/"]
            .iter()
            .any(|part| memchr::memmem::find(&path, part).is_some());
        is_file
            && !is_record
            && !is_metadata
            // Documentation may contain examples, but nothing runs them.
            && !INERT.iter().any(|directory| path.starts_with(directory))
    }
}

impl Remainder {
    /// A sentence about the remaining files.
    pub(super) fn describe(&self, tree: &Tree, package: &Package) -> String {
        let name = &package.name;
        match self.status {
            Status::Removed => format!("no files from {name} remain"),
            Status::NoCode => {
                format!("only documentation and other files without code remain from {name}")
            }
            Status::Affected => format!("{name} remains"),
            Status::Unclear if package.files.is_empty() => {
                format!("the files in {name} are unknown")
            }
            Status::Unclear => {
                // A long path would be repeated for each vulnerability of the package.
                let mut example = None;
                if let Some(file) = self.example {
                    let path = tree.path(file).escape_ascii().to_string();
                    if path.len() <= MAX_PATH {
                        example = Some(format!(", including {path}"));
                    }
                }
                format!(
                    "{} of {} files in {name} remain{}",
                    self.after,
                    self.before,
                    example.unwrap_or_default()
                )
            }
        }
    }
}
