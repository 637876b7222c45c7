//! The user that a container runs as.

/// The user that a container runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunUser {
    pub uid: u64,
    pub gid: u64,
    pub reason: String,
    /// Whether the settings choose another user than the image.
    pub is_new: bool,
}
