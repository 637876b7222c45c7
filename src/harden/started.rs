//! Programs and scripts that the image configuration starts, directly or through other scripts.

use std::collections::{BTreeSet, HashMap};

use crate::image::{NameId, Tree};
use crate::slim::{Plan, Root, Why};

/// The names that are started. A file that is only mentioned somewhere is not among them.
#[derive(Debug)]
pub(super) struct Started {
    names: BTreeSet<NameId>,
}

impl Started {
    pub(super) fn of(tree: &Tree, plan: &Plan) -> Self {
        let mut names = BTreeSet::new();
        let mut waiting = Vec::new();
        // Edges from each starter to what it starts, so that every edge is followed once.
        let mut starts: HashMap<NameId, Vec<NameId>> = HashMap::new();
        for name in tree.walk() {
            for reason in plan.reasons(name) {
                match reason.by {
                    None if is_starting_root(&reason.why) => waiting.push(name),
                    Some(by) if is_start(&reason.why) => starts.entry(by).or_default().push(name),
                    _ => {}
                }
            }
        }
        while let Some(name) = waiting.pop() {
            if names.insert(name) {
                waiting.extend(starts.remove(&name).unwrap_or_default());
            }
        }
        Self { names }
    }

    pub(super) fn contains(&self, name: NameId) -> bool {
        self.names.contains(&name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = NameId> {
        self.names.iter().copied()
    }
}

fn is_starting_root(why: &Why) -> bool {
    matches!(
        why,
        Why::Root(Root::Program(_) | Root::Argument { .. } | Root::ShellText { .. })
    )
}

fn is_start(why: &Why) -> bool {
    matches!(
        why,
        Why::Command { .. }
            | Why::Include { .. }
            | Why::Shebang
            | Why::Target
            | Why::Unit { .. }
            | Why::UnitSetting { .. }
    )
}
