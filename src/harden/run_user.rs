//! The user that a container runs as.

use crate::lint::image::Identity;

/// The user that a container runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunUser {
    pub uid: u64,
    pub gid: u64,
    pub reason: String,
    /// Whether the settings choose another user than the image.
    pub is_new: bool,
}

impl RunUser {
    /// The user with the only group that it gets.
    pub(super) fn identity(&self) -> Identity {
        Identity {
            uid: self.uid,
            gids: vec![self.gid],
        }
    }
}
