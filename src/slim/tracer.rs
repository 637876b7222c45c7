//! Tracers: each is called for every kept name and keeps the files that it needs.

use super::keep::Keep;
use crate::image::NameId;

/// One kind of dependency between files. A tracer owns its state.
pub(super) trait Tracer {
    /// Keeps the files that are needed regardless of kept names.
    fn start(&mut self, _keep: &mut Keep<'_>) {}

    /// Keeps the files that a kept name needs.
    fn trace(&mut self, keep: &mut Keep<'_>, name: NameId);

    /// Keeps files that can only be determined after all kept names have been traced. Returns true
    /// if it may have kept names; these are traced before the next call.
    fn settle(&mut self, _keep: &mut Keep<'_>) -> bool {
        false
    }

    /// Records what the user may want to know when nothing more is kept.
    fn finish(&mut self, _keep: &mut Keep<'_>) {}
}
