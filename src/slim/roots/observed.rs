//! The files that programs used in observed runs.

use std::collections::BTreeSet;

use crate::evidence::observation::{Act, Observation, Subject};
use crate::paths::parent_bytes;
use crate::slim::keep::Keep;
use crate::slim::why::{Root, Why};

/// Keeps the observed paths that exist in the image. The others were created at run time, or are
/// in volumes.
pub(super) fn keep(keep: &mut Keep<'_>, observation: &Observation) {
    warn_of_other_images(keep, observation.subjects());
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

/// An observation of an older build still helps, but it does not know the newer files.
fn warn_of_other_images(keep: &mut Keep<'_>, subjects: &[Subject]) {
    let own = Subject::new("", &keep.view.image.config);
    for subject in subjects {
        // A directory has no layers that could be compared.
        let is_known = !own.chain_id.is_empty() && !subject.chain_id.is_empty();
        if is_known && subject.chain_id != own.chain_id {
            keep.warn(format!(
                "`{}` was observed with other layers than those of this image: observe this image \
                 if its files have changed",
                subject.name
            ));
        }
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
