//! Where the named blobs of an image are: the members of an archive, or the files of a directory.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;

use super::archive::{Entries, Node};
use super::blob::Blob;
use super::digest::sha256;
use super::error::ReadError;
use super::inflate::{Compression, inflate};
use super::json::{self, Shape};
use super::limits::{Budget, Limits};
use super::oci;
use super::progress::Progress;
use super::remote::{Connection, Fetched, Registry};
use super::tree::{Content, Kind};

#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    /// Bytes of an archive before it was decompressed as a whole.
    stored: Option<u64>,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Archive {
        blob: Blob,
        members: HashMap<Vec<u8>, Member>,
        /// Members whose names came before, in their order.
        repeated: HashMap<Vec<u8>, Vec<Member>>,
    },
    Directory,
    /// What was fetched so far, under the names that it has in a layout.
    Registry {
        registry: Box<Registry>,
        fetched: Mutex<HashMap<String, Blob>>,
    },
}

#[derive(Debug)]
enum Member {
    File {
        offset: u64,
        length: u64,
    },
    /// Docker's older archives link a layer that they hold already.
    Link(Vec<u8>),
}

const MAX_MEMBER_LINKS: usize = 10;

impl Member {
    /// Whether another member of the same archive says the same.
    fn is_same(&self, other: &Self, archive: &Blob) -> io::Result<bool> {
        match (self, other) {
            (Self::Link(target), Self::Link(other)) => Ok(target == other),
            (
                &Self::File { offset, length },
                &Self::File {
                    offset: other,
                    length: other_length,
                },
            ) if length == other_length => {
                let parts = archive
                    .part(offset, length)
                    .zip(archive.part(other, length));
                parts.map_or(Ok(false), |(part, other)| part.is_same(&other))
            }
            _ => Ok(false),
        }
    }
}

impl Store {
    /// A tar archive, which may be compressed as a whole.
    pub(super) fn archive(
        path: &Path,
        limits: &Limits,
        budget: &Budget,
    ) -> Result<Self, ReadError> {
        Self::archive_in(Blob::open(path)?, path, limits, budget)
    }

    /// An archive that came from elsewhere; the path is what errors call it.
    pub(super) fn archive_in(
        mut blob: Blob,
        path: &Path,
        limits: &Limits,
        budget: &Budget,
    ) -> Result<Self, ReadError> {
        let name = path.display().to_string();
        let compression = Compression::of(&blob.head().map_err(ReadError::io(path))?);
        let stored = blob.size();
        if compression != Compression::None {
            blob = inflate(&name, &blob, compression, limits, budget)?.0;
        }
        let mut members = HashMap::new();
        let mut repeated: HashMap<Vec<u8>, Vec<Member>> = HashMap::new();
        let mut count = 0;
        for entry in Entries::new(&blob, limits) {
            let entry = entry.map_err(|problem| ReadError::Entry {
                blob: name.clone(),
                problem,
            })?;
            let (key, weight) = (clean(&entry.name), entry.weight());
            let member = match entry.node {
                Node::Inode(Kind::File(Content::Archived { offset, length })) => {
                    Member::File { offset, length }
                }
                Node::Inode(Kind::Symlink { target }) => {
                    Member::Link(joined(parent(&key), &target))
                }
                Node::HardLink { target } => Member::Link(clean(&target)),
                Node::Inode(_) => continue,
            };
            count += 1;
            if count > limits.entries as u64 {
                let (limit, flag) = (limits.entries as u64, Some("--max-entries"));
                return Err(ReadError::Limit {
                    blob: name,
                    what: "entries",
                    limit,
                    flag,
                });
            }
            let usual = limits.entries_of(stored);
            if count > usual && !budget.spend_excess_entry() {
                return Err(ReadError::Limit {
                    blob: name,
                    what: "entries for its size",
                    limit: usual,
                    flag: Some("--max-ratio"),
                });
            }
            if !budget.spend_headers(weight) {
                let limit = limits.headers;
                return Err(ReadError::Limit {
                    blob: name,
                    what: "bytes of headers",
                    limit,
                    flag: None,
                });
            }
            match members.entry(key) {
                Entry::Vacant(free) => drop(free.insert(member)),
                Entry::Occupied(taken) => {
                    let key = taken.key().clone();
                    repeated.entry(key).or_default().push(member);
                }
            }
        }
        Ok(Self {
            path: path.to_owned(),
            stored: Some(stored),
            place: Place::Archive {
                blob,
                members,
                repeated,
            },
        })
    }

    pub(super) fn directory(path: &Path) -> Result<Self, ReadError> {
        std::fs::read_dir(path).map_err(ReadError::io(path))?;
        Ok(Self {
            path: path.to_owned(),
            stored: None,
            place: Place::Directory,
        })
    }

    /// An image of a registry, of which nothing but its manifest is fetched by now.
    pub(super) fn registry(
        name: &str,
        connection: Connection,
        limits: &Limits,
    ) -> Result<Self, ReadError> {
        let registry = Registry::pull(name, connection)?;
        let Fetched {
            bytes,
            digest,
            media_type,
        } = registry.manifest(None, limits.json)?;
        let digest = digest.unwrap_or_else(|| sha256(&bytes));
        let index = oci::index_of(&bytes, &digest, media_type.as_deref())?;
        let fetched = [
            (
                blob_name(&digest).ok_or_else(|| unknown_digest(&digest))?,
                Blob::of(&bytes, &digest)?,
            ),
            (
                oci::INDEX.to_owned(),
                Blob::of(index.as_bytes(), oci::INDEX)?,
            ),
        ];
        let path = PathBuf::from(format!("docker://{name}"));
        let place = Place::Registry {
            registry: Box::new(registry),
            fetched: Mutex::new(fetched.into()),
        };
        Ok(Self {
            path,
            stored: None,
            place,
        })
    }

    /// Makes sure that a manifest or an index is here.
    pub(super) fn fetch_manifest(&self, digest: &str, limits: &Limits) -> Result<(), ReadError> {
        let Place::Registry { registry, fetched } = &self.place else {
            return Ok(());
        };
        let name = blob_name(digest).ok_or_else(|| unknown_digest(digest))?;
        if lock(fetched).contains_key(&name) {
            return Ok(());
        }
        let manifest = registry.manifest(Some(digest), limits.json)?;
        lock(fetched).insert(name, Blob::of(&manifest.bytes, digest)?);
        Ok(())
    }

    /// Makes sure that blobs are here: digests and sizes.
    pub(super) fn fetch_blobs(
        &self,
        wanted: &[(String, u64)],
        limits: &Limits,
        progress: &dyn Progress,
    ) -> Result<(), ReadError> {
        let Place::Registry { registry, fetched } = &self.place else {
            return Ok(());
        };
        let mut missing: Vec<(String, u64)> = Vec::new();
        for (digest, size) in wanted {
            let name = blob_name(digest).ok_or_else(|| unknown_digest(digest))?;
            // A layer with nothing in it may stand there many times.
            if !lock(fetched).contains_key(&name)
                && missing.iter().all(|(other, _)| other != digest)
            {
                missing.push((digest.clone(), *size));
            }
        }
        let total = missing
            .iter()
            .fold(0_u64, |sum, (_, size)| sum.saturating_add(*size));
        if total > limits.uncompressed {
            return Err(limits.exceeded_by_all(&self.path.display().to_string()));
        }
        progress.start("fetching", total);
        for ((digest, _), file) in missing.iter().zip(registry.blobs(&missing, progress)?) {
            let spool = |source| ReadError::Spool {
                blob: digest.clone(),
                source,
            };
            let name = blob_name(digest).ok_or_else(|| unknown_digest(digest))?;
            lock(fetched).insert(name, Blob::spooled(file).map_err(spool)?);
        }
        Ok(())
    }

    /// Bytes of the archive as it is stored; `None` for blobs that are stored one by one.
    pub(super) fn stored_size(&self) -> Option<u64> {
        self.stored
    }

    /// The archive or directory on the host.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What a registry calls the image.
    pub(super) fn image_name(&self) -> Option<String> {
        match &self.place {
            Place::Registry { registry, .. } => Some(registry.image_name()),
            Place::Archive { .. } | Place::Directory => None,
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        match &self.place {
            Place::Archive { members, .. } => members.contains_key(name.as_bytes()),
            Place::Directory => self.path.join(name).is_file(),
            Place::Registry { fetched, .. } => lock(fetched).contains_key(name),
        }
    }

    /// A blob; `by` is who names it.
    pub(super) fn blob(&self, name: &str, by: &str) -> Result<Blob, ReadError> {
        let missing = || ReadError::MissingBlob {
            blob: name.to_owned(),
            by: by.to_owned(),
        };
        match &self.place {
            Place::Directory => {
                let path = self.path.join(name);
                if !path.exists() {
                    return Err(missing());
                }
                Blob::open(&path)
            }
            Place::Registry { fetched, .. } => lock(fetched).get(name).cloned().ok_or_else(missing),
            Place::Archive { .. } => self.member(name)?.ok_or_else(missing),
        }
    }

    /// A member of an archive. Of two with one name Docker takes the last and skopeo the first, so
    /// they must hold the same.
    fn member(&self, name: &str) -> Result<Option<Blob>, ReadError> {
        let Place::Archive {
            blob,
            members,
            repeated,
        } = &self.place
        else {
            return Ok(None);
        };
        let mut key = clean(name.as_bytes());
        for _ in 0..=MAX_MEMBER_LINKS {
            let Some(member) = members.get(&key) else {
                return Ok(None);
            };
            for other in repeated.get(&key).into_iter().flatten() {
                if !member.is_same(other, blob).map_err(ReadError::blob(name))? {
                    return Err(ReadError::RepeatedMember {
                        blob: name.to_owned(),
                        path: self.path.clone(),
                    });
                }
            }
            match member {
                Member::Link(target) => key.clone_from(target),
                &Member::File { offset, length } => return Ok(blob.part(offset, length)),
            }
        }
        Err(ReadError::BlobLinks {
            blob: name.to_owned(),
        })
    }

    /// A blob that is no link: only layers are linked, and only in what older versions of Docker
    /// wrote. Of other links, and of hard links, readers make different things.
    pub(super) fn plain_blob(&self, name: &str, by: &str) -> Result<Blob, ReadError> {
        if let Place::Archive { members, .. } = &self.place
            && let Some(Member::Link(_)) = members.get(&clean(name.as_bytes()))
        {
            return Err(ReadError::LinkedMember {
                blob: name.to_owned(),
                path: self.path.clone(),
            });
        }
        self.blob(name, by)
    }

    /// A file that the format itself names.
    pub(super) fn json<T: DeserializeOwned>(
        &self,
        name: &'static str,
        shape: &Shape,
        limits: &Limits,
    ) -> Result<T, ReadError> {
        let blob = self.plain_blob(name, &self.path.display().to_string())?;
        read_json(name, &blob, shape, limits)
    }
}

/// No thread panics with the lock.
fn lock(fetched: &Mutex<HashMap<String, Blob>>) -> MutexGuard<'_, HashMap<String, Blob>> {
    fetched.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where a layout keeps the blob of a digest.
fn blob_name(digest: &str) -> Option<String> {
    oci::blob_path(&digest.parse().ok()?).ok()
}

fn unknown_digest(digest: &str) -> ReadError {
    ReadError::UnknownDigest {
        blob: digest.to_owned(),
        digest: digest.to_owned(),
    }
}

/// A document of an image: of the shape that it must have, and not absurdly large.
pub(super) fn read_json<T: DeserializeOwned>(
    name: &str,
    blob: &Blob,
    shape: &Shape,
    limits: &Limits,
) -> Result<T, ReadError> {
    if blob.size() > limits.json {
        let limit = limits.json;
        return Err(ReadError::Limit {
            blob: name.to_owned(),
            what: "bytes",
            limit,
            flag: None,
        });
    }
    let bytes = blob.bytes().map_err(ReadError::blob(name))?;
    let value = json::parse(&bytes, shape).map_err(ReadError::json(name))?;
    drop(bytes);
    serde_json::from_value(value).map_err(ReadError::json(name))
}

/// The name of a member as others call it; one that leaves the archive is never found.
fn clean(name: &[u8]) -> Vec<u8> {
    let mut components: Vec<&[u8]> = Vec::new();
    for component in name.split(|&byte| byte == b'/') {
        match component {
            b"" | b"." => {}
            b".." if components.last().is_some_and(|&last| last != b"..") => drop(components.pop()),
            _ => components.push(component),
        }
    }
    components.join(&b'/')
}

fn parent(name: &[u8]) -> &[u8] {
    name.iter()
        .rposition(|&byte| byte == b'/')
        .map_or(b"", |slash| &name[..slash])
}

fn joined(directory: &[u8], target: &[u8]) -> Vec<u8> {
    if target.starts_with(b"/") {
        clean(target)
    } else {
        clean(&[directory, b"/", target].concat())
    }
}
