//! The files that programs used in observed runs.

use std::collections::BTreeSet;

use crate::evidence::observation::{Act, Observation};
use crate::paths::parent_bytes;
use crate::slim::keep::Keep;
use crate::slim::why::{Root, Why};

/// Keeps the observed paths that exist in the image. The others were created at run time, or are
/// in volumes.
pub(super) fn keep(keep: &mut Keep<'_>, observation: &Observation) {
    let mut programs = BTreeSet::new();
    for (path, acts) in observation.paths() {
        for (act, users) in acts {
            keep_used(keep, path, *act, users);
            programs.extend(users);
        }
    }
    // The kernel opens the interpreter of a script itself, so that only its own calls show it.
    for program in programs {
        // The start of the container has a name instead of a path.
        if !program.starts_with(b"/") {
            continue;
        }
        keep.keep_path(program, None, why(Act::Executed, program));
    }
}

/// Keeps what a use of a path needs.
fn keep_used(keep: &mut Keep<'_>, path: &[u8], act: Act, users: &BTreeSet<Vec<u8>>) {
    let needed = match act {
        Act::Missing => return,
        // The path did not exist, but its directory did.
        Act::Created => parent_bytes(path),
        _ => path,
    };
    // One program is enough as a reason, and a test may start thousands.
    if let Some(program) = users.first() {
        keep.keep_path(needed, None, why(act, program));
    }
}

fn why(act: Act, program: &[u8]) -> Why {
    Why::Root(Root::Observed {
        act,
        program: program.to_vec(),
    })
}
