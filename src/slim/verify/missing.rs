//! Files that slimming the original would keep, and that the image does not have although the file
//! that needs them is there.
//!
//! Loading programs again finds missing libraries and interpreters. Modules, data and programs that
//! others start are known only to the plan of the original.

use std::collections::HashSet;

use super::failure::{Failure, Lost};
use crate::image::{Image, NameId};
use crate::slim::graph::Reason;
use crate::slim::plan::Plan;
use crate::slim::why::Why;

/// Adds a failure for each missing file that the plan of the original keeps, except those that
/// already have one.
pub(super) fn add_missing(
    original: &Image,
    image: &Image,
    plan: &Plan,
    failures: &mut Vec<Failure>,
) {
    let reported: HashSet<NameId> = failures.iter().map(|failure| failure.at).collect();
    for &name in plan.kept() {
        if reported.contains(&name) || is_in(image, &original.tree.path(name)) {
            continue;
        }
        if let Some(lost) = lost(original, image, plan.reasons(name)) {
            failures.push(Failure { at: name, lost });
        }
    }
}

fn is_in(image: &Image, path: &[u8]) -> bool {
    image.tree.resolve_link(path).is_ok()
}

/// The first reason that still holds in the image and that no other comparison covers. If what
/// needs a file is missing as well, only that is reported.
fn lost(original: &Image, image: &Image, reasons: &[Reason]) -> Option<Lost> {
    for reason in reasons {
        if is_compared(&reason.why) {
            continue;
        }
        let by = reason.by.map(|name| original.tree.path(name));
        if by.as_ref().is_none_or(|path| is_in(image, path)) {
            let why = reason.why.clone();
            return Some(Lost::Missing { by, why });
        }
    }
    None
}

/// Whether following symlinks and loading programs again finds the loss.
fn is_compared(why: &Why) -> bool {
    matches!(
        why,
        Why::Directory
            | Why::OnTheWay
            | Why::Target
            | Why::Interpreter
            | Why::Needed { .. }
            | Why::Filter { .. }
            | Why::Injected { .. }
            | Why::Shebang
    )
}
