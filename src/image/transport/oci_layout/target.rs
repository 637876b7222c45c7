//! An OCI layout as a destination. Blobs are written first and the index last, atomically, so the
//! layout is complete at any time, and images with other names are preserved.
//!
//! The directory is opened once, and no symlinks in it are followed: a layout that others can write
//! to, or that came with a repository, may have symlinks in place of its directories.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read as _, Write};
use std::os::fd::AsFd;
use std::path::{Component, Path};
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, FileType, FlockOperation, flock, unlinkat};
use rustix::io::Errno;
use serde_json::Value;

use crate::image::directory::Directory;
use crate::image::error::WriteError;
use crate::image::json;
use crate::image::transport::oci_layout;
use crate::image::write::output::{Hidden, directory_beside, sync_directory};
use crate::image::write::parent;

/// A file of the layout that is not in its final location yet.
#[derive(Debug)]
pub(in crate::image) struct Member {
    pub name: String,
    pub file: Hidden,
}

const BLOBS: &str = "blobs/sha256/";
/// Maximum size of an index or manifest that is read, in bytes.
const MAX_JSON: u64 = 8 << 20;
/// Maximum time that another process may hold the lock.
const PATIENCE: Duration = Duration::from_mins(5);

/// The destination of a layout, opened once.
#[derive(Debug)]
pub(in crate::image) enum Target {
    /// A layout that exists.
    Layout(Directory),
    /// A name that does not exist, or an empty directory.
    Free { parent: Directory, name: OsString },
}

impl Target {
    /// Opens a destination: nothing, an empty directory or an OCI layout, and nothing else. Errors
    /// name the second path.
    pub(in crate::image) fn at(path: &Path, shown: &Path) -> Result<Self, WriteError> {
        let foreign = WriteError::Foreign {
            path: shown.to_owned(),
        };
        let metadata = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Self::free(path, shown);
            }
            found => found.map_err(WriteError::io(shown))?,
        };
        if !path.is_dir() {
            return Err(foreign);
        }
        let directory = Directory::for_writing(path).map_err(WriteError::io(shown))?;
        match Contents::of(&directory, shown)? {
            Contents::Layout => Ok(Self::Layout(directory)),
            // `rename` replaces an empty directory, but not a symlink to one.
            Contents::Nothing if metadata.is_dir() => Self::free(path, shown),
            Contents::Nothing | Contents::Other => Err(foreign),
        }
    }

    /// Checks again whether a name is still free. Writing takes a long time, and another program
    /// may have created something there in the meantime.
    fn again(parent: Directory, name: OsString, shown: &Path) -> Result<Self, WriteError> {
        match parent.kind(&name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self::Free { parent, name });
            }
            // Symlinks are not followed now, because their targets have not been checked.
            Ok(kind) if kind != FileType::Directory => {
                return Err(WriteError::Foreign {
                    path: shown.to_owned(),
                });
            }
            found => found.map_err(WriteError::io(shown))?,
        };
        let directory = parent.below(&name).map_err(WriteError::io(shown))?;
        match Contents::of(&directory, shown)? {
            Contents::Layout => Ok(Self::Layout(directory)),
            Contents::Nothing => Ok(Self::Free { parent, name }),
            Contents::Other => Err(WriteError::Foreign {
                path: shown.to_owned(),
            }),
        }
    }

    fn free(path: &Path, shown: &Path) -> Result<Self, WriteError> {
        let Some(name) = path.components().next_back().map(Component::as_os_str) else {
            return Err(WriteError::Foreign {
                path: shown.to_owned(),
            });
        };
        let parent = Directory::for_writing(parent(path)).map_err(WriteError::io(shown))?;
        let name = name.to_owned();
        Ok(Self::Free { parent, name })
    }

    /// A directory on the file system of the layout.
    pub(in crate::image) fn directory(&self) -> &Directory {
        match self {
            Self::Layout(directory) => directory,
            Self::Free { parent, .. } => parent,
        }
    }

    /// Puts the members in their places. One of them is the index with only the new image.
    pub(in crate::image) fn publish(
        self,
        destination: &Path,
        members: Vec<Member>,
    ) -> Result<(), WriteError> {
        let (parent, name) = match self {
            Self::Layout(directory) => return merge(&directory, destination, members),
            Self::Free { parent, name } => (parent, name),
        };
        match Self::again(parent, name, destination)? {
            Self::Layout(directory) => merge(&directory, destination, members),
            Self::Free { parent, name } => create(&parent, &name, members)
                .and_then(|()| sync_directory(&parent.path()))
                .map_err(WriteError::io(destination)),
        }
    }
}

/// The contents of a directory at a destination.
enum Contents {
    Layout,
    Nothing,
    Other,
}

impl Contents {
    fn of(directory: &Directory, shown: &Path) -> Result<Self, WriteError> {
        match directory.kind(oci_layout::LAYOUT) {
            Ok(FileType::RegularFile) => return Ok(Self::Layout),
            // Opening it explains what is wrong with it, such as that it is a symlink.
            Ok(_) => {
                return match directory.file(oci_layout::LAYOUT) {
                    Err(refusal) => Err(WriteError::io(&shown.join(oci_layout::LAYOUT))(
                        io::Error::other(refusal),
                    )),
                    Ok(_) => Ok(Self::Other),
                };
            }
            Err(_) => {}
        }
        let mut entries = fs::read_dir(directory.path()).map_err(WriteError::io(shown))?;
        Ok(match entries.next() {
            None => Self::Nothing,
            Some(_) => Self::Other,
        })
    }
}

/// Creates a layout next to its destination, and renames it.
fn create(parent: &Directory, name: &OsStr, members: Vec<Member>) -> io::Result<()> {
    let path = parent.path().join(name);
    let temporary = directory_beside(&path)?;
    // It is opened as the rest is, since others may exchange it for a symlink.
    let own_name = temporary.path().file_name().unwrap_or_default();
    fill(&parent.below(own_name)?, members)?;
    // An empty directory at the destination is replaced in the same step.
    fs::rename(temporary.path(), path)?;
    // Dropping it would remove whatever has its old name by then.
    let _ = temporary.keep();
    Ok(())
}

fn fill(directory: &Directory, members: Vec<Member>) -> io::Result<()> {
    let blobs = directory.make("blobs")?.make("sha256")?;
    for Member { name, file } in members {
        match name.strip_prefix(BLOBS) {
            Some(hash) => file.publish(&blobs.path().join(hash))?,
            None => file.publish(&directory.path().join(name))?,
        }
    }
    // A crash after the rename must not leave an index without its blobs.
    sync_directory(&blobs.path())?;
    sync_directory(&directory.path())
}

/// Adds an image to a layout. An image with the same name is replaced.
fn merge(
    directory: &Directory,
    destination: &Path,
    members: Vec<Member>,
) -> Result<(), WriteError> {
    // Two processes that add images at the same time would each write an index without the other's
    // image.
    lock(directory, PATIENCE).map_err(WriteError::io(destination))?;
    let (blobs, rest): (Vec<_>, Vec<_>) = members
        .into_iter()
        .partition(|member| member.name.starts_with(BLOBS));
    let mut index = Value::Null;
    for Member { name, mut file } in rest {
        if name == oci_layout::INDEX {
            index = read_back(file.file_mut()).map_err(WriteError::io(destination))?;
        }
    }
    let (merged, replaced) = merged_index(directory, destination, index)?;
    let place = directory
        .make("blobs")
        .and_then(|blobs| blobs.make("sha256"))
        .map_err(WriteError::io(destination))?;
    for Member { name, file } in blobs {
        let hash = name.strip_prefix(BLOBS).unwrap_or(&name);
        let published = file.publish(&place.path().join(hash));
        published.map_err(WriteError::io(&destination.join(&name)))?;
    }
    // The blobs must be on the disk before the index that names them.
    sync_directory(&place.path()).map_err(WriteError::io(destination))?;
    let file = written(directory, &merged).map_err(WriteError::io(destination))?;
    file.publish(&directory.path().join(oci_layout::INDEX))
        .map_err(WriteError::io(&destination.join(oci_layout::INDEX)))?;
    sync_directory(&directory.path()).map_err(WriteError::io(destination))?;
    // Not earlier: until the new index is in place, the old one needs its blobs.
    remove_unused(&place, &merged, &replaced);
    Ok(())
}

/// An index in a file that is not in its final location yet.
fn written(directory: &Directory, index: &Value) -> io::Result<Hidden> {
    let mut file = Hidden::new(&directory.path())?;
    file.file_mut().write_all(index.to_string().as_bytes())?;
    Ok(file)
}

/// Locks a directory for as long as it is open. Any user who can read it can hold the lock, hence
/// the time limit.
fn lock(directory: &Directory, patience: Duration) -> io::Result<()> {
    let end = Instant::now() + patience;
    loop {
        match flock(directory.as_fd(), FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) if Instant::now() < end => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(Errno::WOULDBLOCK) => {
                return Err(io::Error::other("another process is holding its lock"));
            }
            locked => return Ok(locked?),
        }
    }
}

fn read_back(file: &mut File) -> io::Result<Value> {
    use std::io::{Seek, SeekFrom};

    file.seek(SeekFrom::Start(0))?;
    serde_json::from_reader(file).map_err(io::Error::other)
}

/// Adds the images of a new index to the existing one. Returns the result and the descriptors that
/// were replaced.
fn merged_index(
    directory: &Directory,
    destination: &Path,
    new: Value,
) -> Result<(Value, Vec<Value>), WriteError> {
    let path = destination.join(oci_layout::INDEX);
    let old = match directory.file(oci_layout::INDEX) {
        Err(refusal) if refusal.is_missing() => return Ok((new, Vec::new())),
        opened => opened.map_err(|refusal| WriteError::io(&path)(io::Error::other(refusal)))?,
    };
    let old = read_limited(old).map_err(WriteError::io(&path))?;
    // An index that readers understand differently is refused rather than extended.
    let mut index = json::parse(&old, &json::INDEX)
        .map_err(|error| WriteError::io(&path)(io::Error::other(error)))?;
    let added = new
        .get("manifests")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let Some(manifests) = index.get_mut("manifests").and_then(Value::as_array_mut) else {
        return Err(WriteError::io(&path)(io::Error::other(
            "it has no list of manifests",
        )));
    };
    // An image without a name replaces the one without a name.
    let (replaced, mut kept): (Vec<_>, Vec<_>) = manifests
        .drain(..)
        .partition(|old| added.iter().any(|new| name_of(new) == name_of(old)));
    kept.extend(added);
    *manifests = kept;
    Ok((index, replaced))
}

fn read_limited(file: File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MAX_JSON + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_JSON {
        return Err(io::Error::other(format!(
            "it has more than {MAX_JSON} bytes"
        )));
    }
    Ok(bytes)
}

fn name_of(descriptor: &Value) -> Option<&str> {
    descriptor
        .get("annotations")?
        .get(oci_layout::NAME)?
        .as_str()
}

/// Removes the blobs that were only used by replaced images. Blobs that cannot be parsed or removed
/// stay, because they do no harm.
fn remove_unused(blobs: &Directory, index: &Value, replaced: &[Value]) {
    let (mut used, mut unused) = (Blobs::default(), Blobs::default());
    let kept = index["manifests"].as_array().into_iter().flatten();
    for descriptor in kept {
        // If it is uncertain which blobs are in use, none are removed.
        if used.collect(blobs, descriptor, 0).is_none() {
            return;
        }
    }
    for descriptor in replaced {
        let _ = unused.collect(blobs, descriptor, 0);
    }
    for hash in unused.hashes.difference(&used.hashes) {
        let _ = unlinkat(blobs, hash.as_str(), AtFlags::empty());
    }
}

/// The blobs of images and indexes.
#[derive(Default)]
struct Blobs {
    hashes: BTreeSet<String>,
    /// Indexes and manifests that have been read, because they may list each other many times.
    read: BTreeSet<String>,
}

impl Blobs {
    /// Adds all blobs of an image or an index. Returns `None` if one of them cannot be parsed.
    fn collect(&mut self, blobs: &Directory, descriptor: &Value, depth: usize) -> Option<()> {
        let hash = descriptor
            .get("digest")?
            .as_str()?
            .strip_prefix("sha256:")?;
        // The digest is used as a file name, so it must be valid.
        if depth > 4 || hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.hashes.insert(hash.to_owned());
        let media_type = descriptor.get("mediaType").and_then(Value::as_str);
        let media_type = media_type.unwrap_or_default();
        let is_document = media_type.contains("manifest") || media_type.contains("index");
        if !is_document || !self.read.insert(hash.to_owned()) {
            return Some(());
        }
        let bytes = read_limited(blobs.file(hash).ok()?).ok()?;
        let json: Value = serde_json::from_slice(&bytes).ok()?;
        let below = ["layers", "manifests"]
            .iter()
            .filter_map(|key| json.get(key));
        let below = below.filter_map(Value::as_array).flatten();
        for descriptor in json.get("config").into_iter().chain(below) {
            self.collect(blobs, descriptor, depth + 1)?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_not_released_is_an_error() {
        let top = tempfile::tempdir().unwrap();
        let (one, other) = (
            Directory::open(top.path()).unwrap(),
            Directory::open(top.path()).unwrap(),
        );
        lock(&one, Duration::ZERO).unwrap();
        let error = lock(&other, Duration::from_millis(30)).unwrap_err();
        assert_eq!(error.to_string(), "another process is holding its lock");
        drop(one);
        lock(&other, Duration::ZERO).unwrap();
    }
}
