//! A place that must be writable in a container with a read-only root file system.

/// A writable place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub path: Vec<u8>,
    pub mount: Mount,
    /// Permission bits of the directory.
    pub mode: u32,
    /// User and group; `None` if root owns it.
    pub owner: Option<(u64, u64)>,
    pub reasons: Vec<String>,
}

/// The kind of file system for a writable place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mount {
    /// Memory; empty in each new container.
    Tmpfs,
    /// A volume, whose first content is that of the image.
    Volume,
}
