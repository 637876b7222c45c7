//! Reads a host file on behalf of a user or a repository.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::descend::{has_descriptors, is_in_git};
use super::directory::RealDirectory;
use super::owner::belongs_to_caller;
use super::{Refusal, limits, readable_path};

/// A file of the host that is read in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFile {
    path: PathBuf,
    /// For a file that was found, the directory that must contain it; `None` for a file that a
    /// person named.
    within: Option<PathBuf>,
    /// It is only read if it belongs to the caller, as [`is_ours`](super::is_ours) has it.
    must_be_ours: bool,
}

impl HostFile {
    /// A file that a person named.
    pub fn named(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            within: None,
            must_be_ours: false,
        }
    }

    /// A file that was found, or that is named in a file of a repository: after symlinks are
    /// resolved, it must be below `within`, and not in `.git`.
    pub fn found(path: impl Into<PathBuf>, within: impl Into<PathBuf>) -> Self {
        let mut within = within.into();
        // The parent of a bare file name is empty, which is not a path that can be resolved.
        if within.as_os_str().is_empty() {
            within.push(".");
        }
        Self {
            path: path.into(),
            within: Some(within),
            must_be_ours: false,
        }
    }

    /// The same file, which is refused if it belongs to another user when it is read: after a check
    /// of its path, another file may have taken its place.
    #[must_use]
    pub fn of_caller(mut self) -> Self {
        self.must_be_ours = true;
        self
    }

    /// The same file with a path relative to `here`, if it is below that directory.
    #[must_use]
    pub fn seen_from(mut self, here: &Path) -> Self {
        if let Ok(below) = self.path.strip_prefix(here) {
            self.path = below.to_owned();
        }
        self
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn is_named(&self) -> bool {
        self.within.is_none()
    }

    /// Checks where the path of a file or directory that was found leads to.
    pub fn check_place(&self) -> Result<(), Refusal> {
        match &self.within {
            Some(within) => real_within(&self.path, within).map(drop),
            None => Ok(()),
        }
    }

    /// The content, which must have at most `limit` bytes.
    pub fn read(&self, limit: u64) -> Result<Vec<u8>, Refusal> {
        match &self.within {
            Some(within) => self.read_within(within, limit),
            None => read_named(&self.path, limit),
        }
    }

    /// The text of a list of patterns such as `.gitignore`. Lines that are not UTF-8 match nothing.
    pub fn read_patterns(&self) -> Result<String, Refusal> {
        let bytes = self.read(limits::IGNORE_FILE)?;
        // Each line is compiled, which takes far more memory than its text.
        if memchr::memchr_iter(b'\n', &bytes).count() > limits::IGNORE_LINES {
            return Err(Refusal::TooManyLines);
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Reads a regular file below a directory, with symlinks resolved.
    fn read_within(&self, within: &Path, limit: u64) -> Result<Vec<u8>, Refusal> {
        let real = real_within(&self.path, within)?;
        let (Some(directory), Some(name)) = (real.parent(), real.file_name()) else {
            return Err(Refusal::NotRegular("a directory"));
        };
        let file = RealDirectory::at(directory.to_owned())?.file(name)?;
        // The open file is checked, not its path.
        let metadata = file.metadata()?;
        if self.must_be_ours && !belongs_to_caller(&metadata) {
            return Err(Refusal::OfOtherUser);
        }
        if metadata.size() > limit {
            return Err(Refusal::TooLarge(limit));
        }
        read_open(file, limit)
    }

    /// The content as UTF-8.
    pub fn read_text(&self, limit: u64) -> Result<String, Refusal> {
        String::from_utf8(self.read(limit)?).map_err(|_| Refusal::NotText)
    }
}

/// Reads a file that a person named. A FIFO or a device is read up to the limit, as `<(command)` in
/// a shell names one; but a repository could contain a symlink to any, so a symlink must lead to a
/// regular file, and one of a repository to a file of it.
fn read_named(path: &Path, limit: u64) -> Result<Vec<u8>, Refusal> {
    let is_link = fs::symlink_metadata(path)?.is_symlink();
    let real = readable_path(path)?;
    let (Some(directory), Some(name)) = (real.parent(), real.file_name()) else {
        return Err(Refusal::NotRegular("a directory"));
    };
    let metadata = fs::symlink_metadata(&real)?;
    // The name of a descriptor is a symlink of the kernel, which only opening it follows.
    if metadata.is_symlink() && has_descriptors(directory) {
        let metadata = fs::metadata(&real)?;
        if metadata.is_dir() {
            return Err(Refusal::of_kind(metadata.file_type()));
        }
        return read_open(File::open(&real)?, limit);
    }
    if metadata.is_dir() || (is_link && !metadata.is_file()) {
        return Err(Refusal::of_kind(metadata.file_type()));
    }
    let directory = RealDirectory::at(directory.to_owned())?;
    read_open(directory.stream(name, OFlags::RDONLY)?, limit)
}

pub(super) fn read_open(file: File, limit: u64) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    // A FIFO or a file in `/proc` has no length that could be checked in advance.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(Refusal::TooLarge(limit));
    }
    Ok(bytes)
}

/// Resolves the symlinks of a path, which must then be below `within` and not in a `.git` there.
#[expect(
    clippy::disallowed_methods,
    reason = "it is a path of the host, not one of an image"
)]
fn real_within(path: &Path, within: &Path) -> Result<PathBuf, Refusal> {
    let (real, root) = (fs::canonicalize(path)?, fs::canonicalize(within)?);
    match real.strip_prefix(&root) {
        Ok(below) if is_in_git(below) => Err(Refusal::InGit),
        Ok(_) => Ok(real),
        Err(_) if fs::symlink_metadata(path)?.is_symlink() => {
            Err(Refusal::LinkOutside(within.to_owned()))
        }
        Err(_) => Err(Refusal::Outside(within.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    const LIMIT: u64 = 8;

    fn refused(path: &Path, within: &Path) -> String {
        HostFile::found(path, within)
            .read(LIMIT)
            .expect_err("it is refused")
            .to_string()
    }

    #[test]
    fn a_found_file_is_read_up_to_the_limit() {
        let top = tempfile::tempdir().unwrap();
        let file = top.path().join("file");
        for (text, expected) in [("12345678", true), ("123456789", false)] {
            fs::write(&file, text).unwrap();
            for file in [HostFile::found(&file, top.path()), HostFile::named(&file)] {
                assert_eq!(file.read(LIMIT).is_ok(), expected, "{file:?}");
            }
        }
        assert_eq!(refused(&file, top.path()), "it is larger than 8 bytes");
    }

    #[test]
    fn a_found_file_must_be_a_regular_file() {
        let top = tempfile::tempdir().unwrap();
        let (fifo, socket) = (top.path().join("fifo"), top.path().join("socket"));
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let _listener = UnixListener::bind(&socket).unwrap();
        let link = top.path().join("link");
        symlink("fifo", &link).unwrap();
        for (path, kind) in [
            (top.path().to_owned(), "a directory"),
            (fifo, "a FIFO"),
            (link, "a FIFO"),
            (socket, "a socket"),
        ] {
            let expected = format!("it is {kind}, not a regular file");
            assert_eq!(refused(&path, top.path()), expected, "{}", path.display());
        }
        assert_eq!(
            refused(Path::new("/dev/zero"), Path::new("/")),
            "it is a device, not a regular file"
        );
    }

    #[test]
    fn a_file_of_another_user_is_refused_when_it_is_open() {
        let top = tempfile::tempdir().unwrap();
        let file = top.path().join("file");
        fs::write(&file, "text").unwrap();
        let found = HostFile::found(&file, top.path()).of_caller();
        assert_eq!(found.read_text(LIMIT).unwrap(), "text");
        // The path was checked before; now it is the file of somebody else, which only root can do.
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&file, Some(65534), None).unwrap();
            assert!(matches!(found.read(LIMIT), Err(Refusal::OfOtherUser)));
            assert!(HostFile::found(&file, top.path()).read(LIMIT).is_ok());
        }
    }

    #[test]
    fn a_found_file_must_really_lie_below_the_root() {
        let top = tempfile::tempdir().unwrap();
        let root = top.path().join("root");
        fs::create_dir_all(root.join("inside/.GIT")).unwrap();
        fs::write(top.path().join("secret"), "secret").unwrap();
        fs::write(root.join("inside/file"), "file").unwrap();
        fs::write(root.join("inside/.GIT/config"), "config").unwrap();
        for (name, target) in [
            ("up", "../secret"),
            ("absolute", "/etc/hostname"),
            ("chain", "up"),
            ("directory", ".."),
        ] {
            symlink(target, root.join(name)).unwrap();
        }
        for name in ["up", "absolute", "chain"] {
            let error = refused(&root.join(name), &root);
            assert!(
                error.starts_with("it is a symlink that points outside"),
                "{error}"
            );
        }
        for path in [root.join("directory/secret"), root.join("../secret")] {
            let error = refused(&path, &root);
            assert!(error.starts_with("it is outside"), "{error}");
        }
        symlink("inside/.GIT/config", root.join("git")).unwrap();
        assert_eq!(refused(&root.join("git"), &root), "it is in `.git`");
        symlink("inside/file", root.join("link")).unwrap();
        let file = HostFile::found(root.join("link"), &root);
        assert_eq!(file.read_text(LIMIT).unwrap(), "file");
        symlink("no-such-file", root.join("dangling")).unwrap();
        let error = HostFile::found(root.join("dangling"), &root).read(LIMIT);
        assert!(error.unwrap_err().is_missing());
    }

    #[test]
    fn a_named_symlink_must_lead_to_a_regular_file() {
        let top = tempfile::tempdir().unwrap();
        let link = top.path().join("link");
        symlink("/dev/zero", &link).unwrap();
        let error = HostFile::named(&link).read(LIMIT).unwrap_err();
        assert_eq!(error.to_string(), "it is a device, not a regular file");
        assert!(HostFile::named("/dev/null").read(LIMIT).unwrap().is_empty());
        let error = HostFile::named("/dev/zero").read(LIMIT).unwrap_err();
        assert_eq!(error.to_string(), "it is larger than 8 bytes");
    }
}
