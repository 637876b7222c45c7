//! Everything that the settings are derived from: the image, the plan for it, and what both imply.

use super::started::Started;
use crate::image::{NameId, Tree};
use crate::lint::image::{Accounts, Identity, first_unreadable};
use crate::printable::escape_bytes;
use crate::slim::{Plan, ScriptCall, Slimming};

/// Everything that the settings are derived from.
pub(super) struct Subject<'s, 'a> {
    pub(super) slimming: &'s Slimming<'a>,
    pub(super) plan: &'s Plan,
    pub(super) started: Started,
    pub(super) accounts: Accounts,
    /// A row a name: whether something other than directories is kept below it.
    has_files: Vec<bool>,
}

impl<'s, 'a> Subject<'s, 'a> {
    pub(super) fn of(slimming: &'s Slimming<'a>) -> Self {
        let plan = &slimming.plan;
        Self {
            slimming,
            plan,
            started: Started::of(&slimming.image.tree, plan),
            accounts: Accounts::of(slimming.view()),
            has_files: with_files(&slimming.image.tree, plan),
        }
    }

    /// Whether a directory has kept files, at any depth.
    pub(super) fn has_kept_files(&self, directory: &[u8]) -> bool {
        match self.slimming.image.tree.resolve(directory) {
            Ok(resolved) => self.holds_files(resolved.name),
            Err(_) => false,
        }
    }

    /// The same for a name.
    pub(super) fn holds_files(&self, directory: NameId) -> bool {
        self.slimming.image.tree.is_directory(directory) && self.has_files[directory.index()]
    }

    /// A place in a file of the image, or in the image configuration.
    pub(super) fn location(&self, at: Option<NameId>, line: Option<usize>) -> String {
        let file = match at {
            Some(name) => escape_bytes(&self.slimming.image.tree.path(name)),
            None => return "the image configuration".to_owned(),
        };
        match line {
            Some(line) => format!("{file}:{line}"),
            None => file,
        }
    }

    /// The commands in scripts that something starts.
    pub(super) fn started_calls(&self) -> impl Iterator<Item = &'s ScriptCall> {
        let calls = self.plan.run_time().calls();
        calls.filter(|call| call.at.is_none_or(|at| self.started.contains(at)))
    }

    /// The first kept file that a user cannot read.
    pub(super) fn first_unreadable(&self, uid: u64, gid: u64) -> Option<String> {
        let tree = &self.slimming.image.tree;
        let user = Identity {
            uid,
            gids: vec![gid],
        };
        let name = first_unreadable(tree, self.plan, &user)?;
        Some(escape_bytes(&tree.path(name)))
    }
}

/// Marks the kept files and all directories that they are in. Done once: scripts may write to
/// thousands of paths in one directory.
fn with_files(tree: &Tree, plan: &Plan) -> Vec<bool> {
    let mut rows = vec![false; tree.name_count()];
    for &name in plan.kept() {
        if tree.is_directory(name) {
            continue;
        }
        let mut at = name;
        // A directory that is marked has marked ancestors.
        while !std::mem::replace(&mut rows[at.index()], true) && at != NameId::ROOT {
            at = tree.parent(at);
        }
    }
    rows
}
