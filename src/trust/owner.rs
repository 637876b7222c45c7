//! Ownership of files: files of other users are ignored.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Returns true if a file, and the symlink that leads to it, belong to the user who runs jettison
/// or to root. Any other user could place a configuration in `/tmp` that would apply when root runs
/// jettison.
pub fn is_ours(path: &Path) -> io::Result<bool> {
    let caller = Caller::current();
    if !caller.trusts(fs::symlink_metadata(path)?.uid()) {
        return Ok(false);
    }
    match fs::metadata(path) {
        Ok(metadata) => Ok(caller.trusts(metadata.uid())),
        // A dangling symlink has no target whose owner could be checked.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// Returns true if an open file belongs to the user who runs jettison or to root.
pub(super) fn belongs_to_caller(metadata: &fs::Metadata) -> bool {
    Caller::current().trusts(metadata.uid())
}

/// The user who runs jettison.
#[derive(Clone, Copy, Debug)]
struct Caller {
    uid: u32,
    /// The user who became root with `sudo`. git also trusts that user's repositories.
    sudo: Option<u32>,
}

impl Caller {
    fn current() -> Self {
        let uid = rustix::process::geteuid().as_raw();
        Self {
            uid,
            sudo: std::env::var("SUDO_UID")
                .ok()
                .and_then(|uid| uid.parse().ok()),
        }
    }

    fn trusts(self, owner: u32) -> bool {
        // The variable is only meaningful for root, where `sudo` has set it.
        let is_sudo_user = self.uid == 0 && self.sudo == Some(owner);
        owner == self.uid || owner == 0 || is_sudo_user
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_and_root_are_trusted_and_nobody_else() {
        let alice = Caller {
            uid: 1000,
            sudo: Some(1001),
        };
        assert!(alice.trusts(1000) && alice.trusts(0));
        assert!(!alice.trusts(1001), "`SUDO_UID` is not set by `sudo` here");
        assert!(!alice.trusts(65534));
        let root = Caller { uid: 0, sudo: None };
        assert!(root.trusts(0) && !root.trusts(1000));
        let sudo = Caller {
            uid: 0,
            sudo: Some(1000),
        };
        assert!(sudo.trusts(1000) && !sudo.trusts(1001));
    }
}
