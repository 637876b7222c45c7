//! Tracers: each is shown every kept name and keeps what that name needs.

use super::keep::Keep;
use crate::image::NameId;

/// One way in which a kept file leads to others. A tracer owns what it remembers between names.
pub(super) trait Tracer {
    /// Keeps what no kept name has to ask for.
    fn start(&mut self, _keep: &mut Keep<'_>) {}

    /// Keeps what a kept name needs.
    fn trace(&mut self, keep: &mut Keep<'_>, name: NameId);

    /// Keeps what can only be decided once every kept name has been shown. True where that may
    /// have kept something; the new names are shown before the next call.
    fn settle(&mut self, _keep: &mut Keep<'_>) -> bool {
        false
    }
}
