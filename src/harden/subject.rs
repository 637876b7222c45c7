//! Everything that the settings are derived from: the image, the plan for it, and what both imply.

use super::started::Started;
use crate::image::NameId;
use crate::lint::image::{Accounts, Identity, first_unreadable};
use crate::printable::escape_bytes;
use crate::slim::{Plan, ScriptCall, Slimming};

/// Everything that the settings are derived from.
pub(super) struct Subject<'s, 'a> {
    pub(super) slimming: &'s Slimming<'a>,
    pub(super) plan: &'s Plan,
    pub(super) started: Started,
    pub(super) accounts: Accounts,
}

impl<'s, 'a> Subject<'s, 'a> {
    pub(super) fn of(slimming: &'s Slimming<'a>) -> Self {
        let plan = &slimming.plan;
        // A missing file is treated as empty: there are no accounts.
        let [passwd, group] = ["/etc/passwd", "/etc/group"]
            .map(|path| slimming.text(path.as_bytes()).unwrap_or_default());
        Self {
            slimming,
            plan,
            started: Started::of(&slimming.image.tree, plan),
            accounts: Accounts::parse(&passwd, &group, b""),
        }
    }

    /// The number of kept files below a directory.
    pub(super) fn kept_files_below(&self, directory: &[u8]) -> usize {
        let tree = &self.slimming.image.tree;
        let Ok(resolved) = tree.resolve(directory) else {
            return 0;
        };
        let mut count = 0;
        for name in tree.below(resolved.name) {
            if self.plan.is_kept(name) && !tree.is_directory(name) {
                count += 1;
            }
        }
        count
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
