//! Answers that later runs use again, in files below the user's cache directory.
//!
//! A cache that another user can write to would control what jettison reports. The cache is
//! therefore only used if every directory belongs to the user and nobody else may write to it.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};

use crate::hash::{add_part, hex};

/// Bytes of an entry. Larger answers are not kept.
const MAX_ENTRY: u64 = 1 << 20;
/// Entries and bytes of a cache. Half of it is removed when there are more, the oldest first.
const MAX_ENTRIES: usize = 20_000;
const MAX_BYTES: u64 = 64 << 20;

/// A directory of entries, each named by its key.
#[derive(Clone, Debug)]
pub struct UserCache {
    directory: PathBuf,
}

impl UserCache {
    /// Opens `$XDG_CACHE_HOME/jettison/NAME`, or the same below `~/.cache`; none if a directory is
    /// not the user's own or cannot be created.
    pub fn open(name: &str) -> Option<Self> {
        let variable = |name| std::env::var_os(name).map(PathBuf::from);
        Self::below(variable("XDG_CACHE_HOME"), variable("HOME"), name)
    }

    fn below(cache_home: Option<PathBuf>, home: Option<PathBuf>, name: &str) -> Option<Self> {
        let base = match cache_home {
            // The specification of the variable says to ignore relative paths.
            Some(directory) if directory.is_absolute() => directory,
            _ => {
                let home = home?;
                // In a container or after `sudo`, it may be another user's home directory.
                if !home.is_absolute() || !is_private(&home, WRITABLE) {
                    return None;
                }
                home.join(".cache")
            }
        };
        create(&base)?;
        if !is_private(&base, WRITABLE) {
            return None;
        }
        let mut directory = base;
        for name in ["jettison", name] {
            directory.push(name);
            create(&directory)?;
            let is_link = fs::symlink_metadata(&directory).ok()?.is_symlink();
            if is_link || !is_private(&directory, ACCESSIBLE) {
                return None;
            }
        }
        Some(Self { directory })
    }

    /// The entry of a key. One that is damaged counts as missing.
    pub fn get(&self, key: &Key) -> Option<Vec<u8>> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(flags.bits().cast_signed())
            .open(self.directory.join(&key.0))
            .ok()?;
        let metadata = file.metadata().ok()?;
        if !metadata.is_file() || metadata.uid() != user() {
            return None;
        }
        let mut bytes = Vec::new();
        file.take(MAX_ENTRY + 65).read_to_end(&mut bytes).ok()?;
        // A run that was killed, or a full disk, may have left a part of an entry.
        let (sum, content) = bytes.split_at_checked(64)?;
        if sum != hex(&Sha256::digest(content)).as_bytes() {
            return None;
        }
        Some(content.to_owned())
    }

    /// Keeps an entry. A cache that cannot be written is only slower, so errors are ignored.
    pub fn put(&self, key: &Key, content: &[u8]) {
        if content.len() as u64 > MAX_ENTRY {
            return;
        }
        // A temporary file has the mode 0600.
        let Ok(mut file) = tempfile::NamedTempFile::new_in(&self.directory) else {
            return;
        };
        let sum = hex(&Sha256::digest(content));
        let written = file
            .write_all(sum.as_bytes())
            .and_then(|()| file.write_all(content));
        if written.is_ok() {
            let _ = file.persist(self.directory.join(&key.0));
        }
    }

    /// Removes the oldest entries if there are too many.
    pub fn prune(&self) {
        self.prune_to(MAX_ENTRIES, MAX_BYTES);
    }

    fn prune_to(&self, max_entries: usize, max_bytes: u64) {
        let mut entries: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.directory)
            .into_iter()
            .flatten()
            .flatten()
        {
            if let Ok(metadata) = entry.metadata()
                && let Ok(modified) = metadata.modified()
            {
                entries.push((modified, metadata.len(), entry.path()));
            }
        }
        let mut count = entries.len();
        let mut bytes: u64 = entries.iter().map(|entry| entry.1).sum();
        if count <= max_entries && bytes <= max_bytes {
            return;
        }
        entries.sort();
        for (_, size, path) in entries {
            if count <= max_entries / 2 && bytes <= max_bytes / 2 {
                break;
            }
            let _ = fs::remove_file(path);
            count -= 1;
            bytes -= size;
        }
    }
}

/// The name of an entry: a hash of all that its content depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(String);

impl Key {
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            add_part(&mut hash, part);
        }
        Self(hex(&hash.finalize()))
    }
}

/// Bits of a mode that let others write, or do anything.
const WRITABLE: u32 = 0o022;
const ACCESSIBLE: u32 = 0o077;

/// Whether a path refers to a directory of the user that does not grant these permissions to anyone
/// else.
fn is_private(directory: &Path, permissions: u32) -> bool {
    fs::metadata(directory).is_ok_and(|metadata| {
        metadata.is_dir() && metadata.uid() == user() && metadata.mode() & permissions == 0
    })
}

fn create(directory: &Path) -> Option<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700).create(directory).ok()
}

fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn home() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        set_mode(home.path(), 0o755);
        home
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn open(home: &Path) -> Option<UserCache> {
        UserCache::below(None, Some(home.to_owned()), "answers")
    }

    #[test]
    fn a_cache_entry_can_be_read_again_only_by_its_user() {
        let home = home();
        let cache = open(home.path()).unwrap();
        let key = Key::of(&[b"a", b"b"]);
        assert_eq!(cache.get(&key), None);
        cache.put(&key, b"answer");
        assert_eq!(open(home.path()).unwrap().get(&key).unwrap(), b"answer");
        assert_eq!(cache.get(&Key::of(&[b"ab", b""])), None);
        let directory = home.path().join(".cache/jettison/answers");
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(&directory), 0o700);
        assert_eq!(mode(&directory.join(&key.0)), 0o600);
        cache.put(&key, &vec![0; (1 << 20) + 1]);
        assert_eq!(cache.get(&key).unwrap(), b"answer", "too large to keep");
    }

    #[test]
    fn damaged_cache_entries_count_as_missing() {
        let home = home();
        let cache = open(home.path()).unwrap();
        let key = Key::of(&[b"a"]);
        cache.put(&key, b"answer");
        let path = cache.directory.join(&key.0);
        let whole = fs::read(&path).unwrap();
        for damaged in [&whole[..0], &whole[..64], &whole[..67], &[0; 100]] {
            fs::write(&path, damaged).unwrap();
            assert_eq!(cache.get(&key), None, "{}", damaged.len());
        }
        fs::remove_file(&path).unwrap();
        fs::write(home.path().join("elsewhere"), &whole).unwrap();
        symlink(home.path().join("elsewhere"), &path).unwrap();
        assert_eq!(cache.get(&key), None, "a symlink");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(cache.get(&key), None, "a directory");
    }

    #[test]
    fn a_cache_directory_that_others_may_write_to_is_not_used() {
        for (path, mode) in [
            ("", 0o777),
            (".cache", 0o775),
            (".cache/jettison", 0o755),
            (".cache/jettison/answers", 0o701),
        ] {
            let home = home();
            open(home.path()).unwrap();
            set_mode(&home.path().join(path), mode);
            assert!(open(home.path()).is_none(), "{path}");
        }
        let (home, other) = (home(), tempfile::tempdir().unwrap());
        fs::create_dir(home.path().join(".cache")).unwrap();
        symlink(other.path(), home.path().join(".cache/jettison")).unwrap();
        assert!(open(home.path()).is_none(), "a symlink");
        assert!(UserCache::below(Some("/tmp".into()), None, "x").is_none());
        assert!(UserCache::below(None, Some("relative".into()), "x").is_none());
        assert!(UserCache::below(None, None, "x").is_none());
    }

    #[test]
    fn no_cache_is_created_in_the_home_of_another_user() {
        let home = home();
        if user() == 0 {
            std::os::unix::fs::chown(home.path(), Some(12345), None).unwrap();
            assert!(open(home.path()).is_none());
            assert!(!home.path().join(".cache").exists());
        } else {
            assert!(open(Path::new("/")).is_none());
        }
    }

    #[test]
    fn the_oldest_cache_entries_are_removed() {
        let home = home();
        let cache = open(home.path()).unwrap();
        let keys: Vec<Key> = (0..10).map(|number| Key::of(&[&[number]])).collect();
        for (age, key) in keys.iter().enumerate() {
            cache.put(key, b"answer");
            let file = File::open(cache.directory.join(&key.0)).unwrap();
            let seconds = std::time::Duration::from_secs(1000 - age as u64);
            file.set_modified(SystemTime::now() - seconds).unwrap();
        }
        cache.prune_to(10, 1 << 20);
        assert!(keys.iter().all(|key| cache.get(key).is_some()));
        cache.prune_to(9, 1 << 20);
        let left: Vec<usize> = (0..10)
            .filter(|&at| cache.get(&keys[at]).is_some())
            .collect();
        assert_eq!(left, [6, 7, 8, 9]);
        cache.prune_to(10, 70);
        assert!(keys.iter().all(|key| cache.get(key).is_none()));
    }
}
