//! Replaces a file whole or not at all.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Context as _, ensure};
use tempfile::NamedTempFile;

/// Puts `new` in the place of `old`: written beside the file and renamed over it, with its mode,
/// and its owner where that is allowed. Where `path` is a link, the file that it leads to is
/// replaced.
///
/// Fails where the file no longer holds `old`.
#[expect(
    clippy::disallowed_methods,
    reason = "it is a file of the user's, not one of an image"
)]
pub(super) fn replace(path: &Path, old: &[u8], new: &[u8]) -> anyhow::Result<()> {
    let name = path.display();
    let file = fs::canonicalize(path).with_context(|| format!("cannot find `{name}`"))?;
    let current = fs::read(&file).with_context(|| format!("cannot read `{name}`"))?;
    ensure!(
        current == old,
        "`{name}` was changed by something else while it was fixed"
    );
    write_beside(&file, new).with_context(|| format!("cannot write `{name}`"))
}

fn write_beside(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let metadata = fs::metadata(file)?;
    let folder = file.parent().unwrap_or(Path::new("/"));
    let mut temporary = NamedTempFile::new_in(folder)?;
    temporary.write_all(bytes)?;
    // Only root may give a file away; others own what they write.
    let _ = std::os::unix::fs::fchown(
        temporary.as_file(),
        Some(metadata.uid()),
        Some(metadata.gid()),
    );
    temporary
        .as_file()
        .set_permissions(metadata.permissions())?;
    temporary.as_file().sync_all()?;
    temporary.persist(file)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_link_stays_and_its_file_keeps_its_mode() {
        let folder = tempfile::tempdir().expect("there is room");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").expect("it can be written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("it is ours");
        std::os::unix::fs::symlink("file", &link).expect("links can be made");
        replace(&link, b"old", b"new").expect("it can be replaced");
        assert_eq!(fs::read(&file).expect("it is there"), b"new");
        assert!(
            fs::symlink_metadata(&link)
                .expect("it is there")
                .is_symlink()
        );
        assert_eq!(
            fs::metadata(&file).expect("it is there").mode() & 0o7777,
            0o640
        );
        assert_eq!(
            fs::read_dir(folder.path()).expect("it is there").count(),
            2,
            "nothing is left beside"
        );
    }

    #[test]
    fn what_was_changed_meanwhile_stays() {
        let folder = tempfile::tempdir().expect("there is room");
        let file = folder.path().join("file");
        fs::write(&file, "other").expect("it can be written");
        let error = replace(&file, b"old", b"new").expect_err("it is another text");
        assert!(
            error
                .to_string()
                .ends_with("was changed by something else while it was fixed"),
            "{error}"
        );
        assert_eq!(fs::read(&file).expect("it is there"), b"other");
    }
}
