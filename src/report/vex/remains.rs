//! What of a package remains in a slimmed image.

use super::Status;
use crate::image::{Kind, NameId, Tree};
use crate::packages::Package;
use crate::slim::Plan;

/// What remains of any package.
pub(super) struct Remains<'a> {
    tree: &'a Tree,
    plan: &'a Plan,
    /// Whether a file is kept under any of its names, by row of the inode.
    kept: Vec<bool>,
}

/// What remains of one.
pub(super) struct Left {
    pub(super) status: Status,
    /// Files that may have code in them, before and after.
    before: usize,
    after: usize,
    /// The first of those after.
    example: Option<NameId>,
}

/// Folders with nothing in them that is run or read by programs.
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
        plan.kept()
            .iter()
            .for_each(|&name| kept[tree.inode_id(name).index()] = true);
        Self { tree, plan, kept }
    }

    pub(super) fn of(&self, package: &Package) -> Left {
        let files = || package.files.iter().copied();
        let is_kept = |name: &NameId| self.kept[self.tree.inode_id(*name).index()];
        let live = || files().filter(|&name| self.is_live(package, name));
        let (before, after) = (live().count(), live().filter(is_kept).count());
        let is_any_kept = files()
            .filter(|&name| name != package.record)
            .any(|name| self.plan.is_kept(name));
        let status = match () {
            // The database names no file of it: nobody knows what went.
            () if package.files.is_empty() => Status::Unclear,
            () if after == 0 && !is_any_kept => Status::Removed,
            () if after == 0 => Status::NoCode,
            () if after == before => Status::Affected,
            () => Status::Unclear,
        };
        Left {
            status,
            before,
            after,
            example: live()
                .filter(is_kept)
                .min_by_key(|&name| !self.is_run(name)),
        }
    }

    /// A program or a library, by its mode and name.
    fn is_run(&self, name: NameId) -> bool {
        let file = self.tree.file_name(name);
        self.tree.inode(name).header.mode & 0o111 != 0
            || file.ends_with(b".so")
            || file
                .windows(5)
                .any(|part| part.starts_with(b".so.") && part[4].is_ascii_digit())
    }

    /// A regular file in which something vulnerable may be. A package of one file is that file.
    fn is_live(&self, package: &Package, name: NameId) -> bool {
        let is_file = matches!(self.tree.inode(name).kind, Kind::File(_));
        let is_record = name == package.record && package.files.len() > 1;
        let path = self.tree.path(name);
        let is_metadata = [&b".dist-info/"[..], b".egg-info/"]
            .iter()
            .any(|part| memchr::memmem::find(&path, part).is_some());
        is_file
            && !is_record
            && !is_metadata
            && !INERT.iter().any(|folder| path.starts_with(folder))
    }
}

impl Left {
    /// A sentence about it.
    pub(super) fn told(&self, tree: &Tree, package: &Package) -> String {
        let name = &package.name;
        match self.status {
            Status::Removed => format!("no file of {name} remains"),
            Status::NoCode => {
                format!("of {name} only documentation or other files without code remain")
            }
            Status::Affected => format!("{name} remains"),
            Status::Unclear if package.files.is_empty() => {
                format!("the image does not say which files {name} has")
            }
            Status::Unclear => {
                let example = self
                    .example
                    .map(|file| format!(", such as {}", tree.path(file).escape_ascii()));
                format!(
                    "{} of {} files of {name} remain{}",
                    self.after,
                    self.before,
                    example.unwrap_or_default()
                )
            }
        }
    }
}
