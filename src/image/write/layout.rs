//! An OCI layout as a destination. Blobs come first and the index last, in one step: so there is no
//! moment at which the layout is not whole, and images of other names in it stay.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use serde_json::Value;

use super::super::error::WriteError;
use super::super::oci;
use super::output::{Hidden, directory_beside, sync_directory};
use super::parent;

/// A file of the layout, not yet in its place.
#[derive(Debug)]
pub(super) struct Member {
    pub name: String,
    pub file: Hidden,
}

const BLOBS: &str = "blobs/sha256";
/// Bytes of an index or a manifest that is looked into.
const MAX_JSON: u64 = 8 << 20;

/// A directory on the file system of the layout.
pub(super) fn neighbour(destination: &Path) -> &Path {
    if destination.is_dir() {
        destination
    } else {
        parent(destination)
    }
}

/// Nothing, an empty directory or an OCI layout may be written to, and nothing else.
pub(super) fn check(destination: &Path) -> Result<(), WriteError> {
    let foreign = || WriteError::Foreign {
        path: destination.to_owned(),
    };
    match fs::symlink_metadata(destination) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(WriteError::io(destination)(error)),
        Ok(_) if !destination.is_dir() => Err(foreign()),
        Ok(_) if destination.join(oci::LAYOUT).is_file() => Ok(()),
        Ok(_) => {
            let mut entries = fs::read_dir(destination).map_err(WriteError::io(destination))?;
            if entries.next().is_none() {
                Ok(())
            } else {
                Err(foreign())
            }
        }
    }
}

/// Puts the members in their places; one of them is the index of the new image alone.
pub(super) fn publish(destination: &Path, members: Vec<Member>) -> Result<(), WriteError> {
    // Somebody may have put something else there meanwhile.
    check(destination)?;
    if destination.join(oci::LAYOUT).is_file() {
        return merge(destination, members);
    }
    let io = |error| WriteError::io(destination)(error);
    let directory = directory_beside(destination).map_err(io)?;
    fill(directory.path(), members).map_err(io)?;
    // An empty directory gives way to another.
    fs::rename(directory.path(), destination).map_err(io)?;
    // Its old name is free: nothing of it shall be removed.
    let _ = directory.keep();
    sync_directory(parent(destination)).map_err(io)
}

fn fill(directory: &Path, members: Vec<Member>) -> io::Result<()> {
    fs::create_dir_all(directory.join(BLOBS))?;
    for Member { name, file } in members {
        file.publish(&directory.join(name))?;
    }
    sync_directory(&directory.join(BLOBS))?;
    sync_directory(directory)
}

/// Adds an image to a layout, in the place of the one that has its name.
fn merge(destination: &Path, members: Vec<Member>) -> Result<(), WriteError> {
    let io = |error| WriteError::io(destination)(error);
    // Two who add an image at once would each write an index without the other's.
    let lock = File::open(destination).map_err(io)?;
    flock(&lock, FlockOperation::LockExclusive).map_err(|error| io(error.into()))?;
    let (mut blobs, rest): (Vec<_>, Vec<_>) = members
        .into_iter()
        .partition(|member| member.name.starts_with(BLOBS));
    let mut index = Value::Null;
    for Member { name, mut file } in rest {
        if name == oci::INDEX {
            index = read_back(file.file_mut()).map_err(io)?;
        }
    }
    let (merged, replaced) = merged_index(destination, index)?;
    fs::create_dir_all(destination.join(BLOBS)).map_err(io)?;
    for Member { name, file } in blobs.drain(..) {
        file.publish(&destination.join(name)).map_err(io)?;
    }
    sync_directory(&destination.join(BLOBS)).map_err(io)?;
    let mut file = Hidden::new(destination).map_err(io)?;
    file.file_mut()
        .write_all(merged.to_string().as_bytes())
        .map_err(io)?;
    file.publish(&destination.join(oci::INDEX)).map_err(io)?;
    sync_directory(destination).map_err(io)?;
    remove_unused(destination, &merged, &replaced);
    Ok(())
}

fn read_back(file: &mut File) -> io::Result<Value> {
    use std::io::{Seek, SeekFrom};

    file.seek(SeekFrom::Start(0))?;
    serde_json::from_reader(file).map_err(io::Error::other)
}

/// The index that is there with the one image of a new index in it, and the descriptors that give
/// way to it.
fn merged_index(destination: &Path, new: Value) -> Result<(Value, Vec<Value>), WriteError> {
    let path = destination.join(oci::INDEX);
    let old = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((new, Vec::new())),
        read => read.map_err(WriteError::io(&path))?,
    };
    let unreadable = |error: serde_json::Error| WriteError::io(&path)(error.into());
    let mut index: Value = serde_json::from_slice(&old).map_err(unreadable)?;
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
    let gives_way = |old: &Value| added.iter().any(|new| name_of(new) == name_of(old));
    let (replaced, mut kept): (Vec<_>, Vec<_>) = manifests.drain(..).partition(gives_way);
    kept.extend(added);
    *manifests = kept;
    Ok((index, replaced))
}

fn name_of(descriptor: &Value) -> Option<&str> {
    descriptor.get("annotations")?.get(oci::NAME)?.as_str()
}

/// Removes the blobs that only replaced images had. What cannot be understood or removed stays: the
/// layout is whole.
fn remove_unused(destination: &Path, index: &Value, replaced: &[Value]) {
    let (mut used, mut unused) = (BTreeSet::new(), BTreeSet::new());
    let collected = index["manifests"]
        .as_array()
        .into_iter()
        .flatten()
        .try_for_each(|descriptor| {
            collect(destination, descriptor, 0, &mut used)?;
            Some(())
        });
    if collected.is_none() {
        return;
    }
    for descriptor in replaced {
        let _ = collect(destination, descriptor, 0, &mut unused);
    }
    for digest in unused.difference(&used) {
        let _ = fs::remove_file(destination.join(BLOBS).join(digest));
    }
}

/// The hashes of all blobs of an image or an index; none where one of them cannot be understood.
fn collect(
    destination: &Path,
    descriptor: &Value,
    depth: usize,
    digests: &mut BTreeSet<String>,
) -> Option<()> {
    let hash = descriptor
        .get("digest")?
        .as_str()?
        .strip_prefix("sha256:")?;
    if depth > 4 || hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    digests.insert(hash.to_owned());
    let media_type = descriptor
        .get("mediaType")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if !(media_type.contains("manifest") || media_type.contains("index")) {
        return Some(());
    }
    let path = destination.join(BLOBS).join(hash);
    if fs::metadata(&path).ok()?.len() > MAX_JSON {
        return None;
    }
    let json: Value = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    let list = |key: &str| {
        json.get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let mut below = json
        .get("config")
        .into_iter()
        .chain(list("layers"))
        .chain(list("manifests"));
    below.try_for_each(|descriptor| collect(destination, descriptor, depth + 1, digests))
}
