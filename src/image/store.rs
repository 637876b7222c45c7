//! Stores of named blobs: the members of an archive, the files of a directory, or the blobs of a
//! registry.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use oci_spec::image::{Descriptor, ImageIndex};
use serde::de::DeserializeOwned;

use super::archive::{Entries, Node};
use super::blob::Blob;
use super::digest::sha256;
use super::directory::Directory;
use super::error::ReadError;
use super::inflate::{Compression, inflate};
use super::json::{self, Shape};
use super::limits::{Budget, DocumentBudget, Limits, beyond};
use super::name::Name;
use super::progress::Progress;
use super::transport::{Connection, Fetched, Registry, oci_layout};
use super::tree::{Content, Kind};

/// The named blobs of one or several images.
#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    /// Stored size of an archive in bytes, before decompression.
    stored: Option<u64>,
    documents: DocumentBudget,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Archive {
        blob: Blob,
        members: HashMap<Vec<u8>, Member>,
        /// Additional members with the same names, in order.
        repeated: HashMap<Vec<u8>, Vec<Member>>,
    },
    Directory(Directory),
    /// The registry, and the blobs fetched so far under the names that they have in a layout.
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
    /// A link: older versions of Docker link to a layer that is already in the archive.
    Link(Vec<u8>),
}

/// Maximum number of links that are followed to a member. Docker writes one; the limit ends a
/// cycle.
const MAX_MEMBER_LINKS: usize = 10;

impl Member {
    /// Whether another member of the same archive has the same content.
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
                match (archive.part(offset, length), archive.part(other, length)) {
                    (Some(part), Some(other)) => part.is_same(&other),
                    _ => Ok(false),
                }
            }
            _ => Ok(false),
        }
    }
}

impl Store {
    /// Opens a tar archive, which may be compressed as a whole.
    pub(super) fn archive(
        path: &Path,
        limits: &Limits,
        budget: &Budget,
    ) -> Result<Self, ReadError> {
        Self::archive_in(Blob::open(path)?, path, limits, budget)
    }

    /// Opens an archive that was fetched or spooled. Errors name the path.
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
            let (inflated, _) = inflate(&name, &blob, compression, limits, budget)?;
            blob = inflated.decompressed_from(stored);
        }
        let mut members = HashMap::new();
        let mut repeated: HashMap<Vec<u8>, Vec<Member>> = HashMap::new();
        let mut count = MemberCount {
            name: &name,
            stored,
            limits,
            budget,
            count: 0,
            headers: limits.headers_of(stored),
        };
        for entry in Entries::new(&blob, limits) {
            let entry = entry.map_err(|problem| ReadError::Entry {
                blob: name.clone(),
                problem,
            })?;
            let key = clean(&entry.name);
            // Directories and devices have no content that a manifest could name.
            let Some(member) = member_of(&entry.node, &key) else {
                continue;
            };
            count.add(entry.weight())?;
            match members.entry(key) {
                Entry::Vacant(free) => drop(free.insert(member)),
                // Whether they differ matters only if a manifest names them.
                Entry::Occupied(taken) => {
                    let key = taken.key().clone();
                    repeated.entry(key).or_default().push(member);
                }
            }
        }
        Ok(Self {
            path: path.to_owned(),
            stored: Some(stored),
            documents: DocumentBudget::new(limits),
            place: Place::Archive {
                blob,
                members,
                repeated,
            },
        })
    }

    pub(super) fn directory(path: &Path, limits: &Limits) -> Result<Self, ReadError> {
        let directory = Directory::open(path).map_err(ReadError::io(path))?;
        Ok(Self {
            path: path.to_owned(),
            stored: None,
            documents: DocumentBudget::new(limits),
            place: Place::Directory(directory),
        })
    }

    /// Opens an image in a registry. Only its manifest is fetched at this point.
    pub(super) fn registry(
        name: &Name,
        connection: Connection,
        limits: &Limits,
    ) -> Result<Self, ReadError> {
        let registry = Registry::pull(name, connection)?;
        let Fetched {
            bytes,
            digest,
            media_type,
        } = registry.manifest(None, limits.json)?;
        // A tag has no digest to verify; the one computed here identifies the image from now on.
        let digest = digest.unwrap_or_else(|| sha256(&bytes));
        let index = oci_layout::index_of(&bytes, &digest, media_type.as_deref())?;
        let fetched = [
            (
                blob_name(&digest).ok_or_else(|| unknown_digest(&digest))?,
                Blob::of(&bytes, &digest)?,
            ),
            (
                oci_layout::INDEX.to_owned(),
                Blob::of(index.as_bytes(), oci_layout::INDEX)?,
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
            documents: DocumentBudget::new(limits),
            place,
        })
    }

    /// Fetches a manifest or an index from a registry, if it was not fetched before.
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

    /// The manifests in a registry that name a manifest as their subject. Other sources have none
    /// besides those in their indexes.
    pub(super) fn referrers(
        &self,
        digest: &str,
        limits: &Limits,
    ) -> Result<Vec<Descriptor>, ReadError> {
        let Place::Registry { registry, .. } = &self.place else {
            return Ok(Vec::new());
        };
        let Some(bytes) = registry.referrers(digest, limits.json)? else {
            return Ok(Vec::new());
        };
        let name = format!("referrers of {digest}");
        let blob = Blob::of(&bytes, &name)?;
        let index: ImageIndex = self.document(&name, &blob, &json::INDEX, limits)?;
        Ok(index.manifests().clone())
    }

    /// Fetches blobs, given by digest and size, from a registry, unless they were fetched before.
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
            // Some builders list an empty layer many times.
            if !lock(fetched).contains_key(&name)
                && missing.iter().all(|(other, _)| other != digest)
            {
                missing.push((digest.clone(), *size));
            }
        }
        let mut total = 0_u64;
        for (_, size) in &missing {
            total = total.saturating_add(*size);
        }
        // Descriptors state their sizes, so an image that is too large is not even fetched.
        if total > limits.uncompressed {
            return Err(limits.exceeded_by_all(&self.path.display().to_string()));
        }
        progress.start("fetching", total);
        for ((digest, _), file) in missing.iter().zip(registry.blobs(&missing, progress)?) {
            let name = blob_name(digest).ok_or_else(|| unknown_digest(digest))?;
            let blob = Blob::spooled(file).map_err(ReadError::spool(digest))?;
            lock(fetched).insert(name, blob);
        }
        Ok(())
    }

    /// Stored size of the archive in bytes; `None` for blobs that are stored individually.
    pub(super) fn stored_size(&self) -> Option<u64> {
        self.stored
    }

    /// The path of the archive or directory on the host, or the name of the image in a registry.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The full name of the image in a registry.
    pub(super) fn image_name(&self) -> Option<String> {
        match &self.place {
            Place::Registry { registry, .. } => Some(registry.image_name()),
            Place::Archive { .. } | Place::Directory(_) => None,
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        match &self.place {
            Place::Archive { members, .. } => members.contains_key(name.as_bytes()),
            // A file that cannot be read counts as present, because reading it results in a better
            // error.
            Place::Directory(directory) => match directory.file(name) {
                Ok(_) => true,
                Err(refusal) => !refusal.is_missing(),
            },
            Place::Registry { fetched, .. } => lock(fetched).contains_key(name),
        }
    }

    /// Opens a blob. `by` is the document that refers to it, for errors.
    pub(super) fn blob(&self, name: &str, by: &str) -> Result<Blob, ReadError> {
        let found = match &self.place {
            Place::Directory(directory) => {
                let path = self.path.join(name);
                let unreadable = ReadError::io(&path);
                match directory.file(name) {
                    Ok(file) => Some(Blob::foreign(file).map_err(unreadable)?),
                    Err(refusal) if refusal.is_missing() => None,
                    Err(refusal) => return Err(unreadable(io::Error::other(refusal))),
                }
            }
            Place::Registry { fetched, .. } => lock(fetched).get(name).cloned(),
            Place::Archive { .. } => self.member(name)?,
        };
        found.ok_or_else(|| ReadError::MissingBlob {
            blob: name.to_owned(),
            by: by.to_owned(),
        })
    }

    /// Finds a member of an archive. If two have the same name, Docker uses the last and skopeo the
    /// first, so their contents must be equal.
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

    /// Opens a blob that must not be a link: only layers may be links, as in archives of older
    /// Docker versions. Readers treat other links differently.
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

    /// Reads a file whose name is defined by the format.
    pub(super) fn json<T: DeserializeOwned>(
        &self,
        name: &'static str,
        shape: &Shape,
        limits: &Limits,
    ) -> Result<T, ReadError> {
        let blob = self.plain_blob(name, &self.path.display().to_string())?;
        self.document(name, &blob, shape, limits)
    }

    /// Reads a document of an image, which must match the shape and have at most `limits.json`
    /// bytes.
    pub(super) fn document<T: DeserializeOwned>(
        &self,
        name: &str,
        blob: &Blob,
        shape: &Shape,
        limits: &Limits,
    ) -> Result<T, ReadError> {
        if blob.size() > limits.json {
            return Err(ReadError::Limit {
                blob: name.to_owned(),
                what: "bytes",
                limit: limits.json,
                flag: None,
            });
        }
        // An index may list hundreds of large documents, which take a few kilobytes in a compressed
        // archive.
        if !self.documents.spend(blob.size()) {
            return Err(ReadError::Limit {
                blob: self.path.display().to_string(),
                what: "bytes of indexes, manifests and configurations",
                limit: limits.documents,
                flag: None,
            });
        }
        let bytes = blob.bytes().map_err(ReadError::blob(name))?;
        let value = json::parse(&bytes, shape).map_err(ReadError::json(name))?;
        // The text is dropped before the typed value is built, so that a large document is in
        // memory twice instead of three times.
        drop(bytes);
        serde_json::from_value(value).map_err(ReadError::json(name))
    }
}

/// The member for an entry, if any. `key` is its normalized name.
fn member_of(node: &Node, key: &[u8]) -> Option<Member> {
    match node {
        Node::Inode(Kind::File(Content::Archived { offset, length })) => Some(Member::File {
            offset: *offset,
            length: *length,
        }),
        Node::Inode(Kind::Symlink { target }) => Some(Member::Link(joined(parent(key), target))),
        Node::HardLink { target } => Some(Member::Link(clean(target))),
        Node::Inode(_) => None,
    }
}

/// The number of an archive's members, with the limits on them. Members are kept in memory, so the
/// limits on the entries of layers apply to the archive as well.
struct MemberCount<'a> {
    name: &'a str,
    /// Bytes of the archive as it is stored.
    stored: u64,
    limits: &'a Limits,
    budget: &'a Budget,
    count: u64,
    /// Bytes of headers that still fit the size of the archive.
    headers: u64,
}

impl MemberCount<'_> {
    /// Counts a member with `weight` bytes of headers.
    fn add(&mut self, weight: u64) -> Result<(), ReadError> {
        self.count += 1;
        let most = self.limits.entries as u64;
        let usual = self.limits.entries_of(self.stored);
        let long_headers = beyond(&mut self.headers, weight);
        let (what, limit, flag) = if self.count > most {
            ("entries", most, Some("--max-entries"))
        } else if self.count > usual && !self.budget.spend_excess_entries(1) {
            ("entries for its size", usual, Some("--max-ratio"))
        } else if !self.budget.spend_headers(weight) {
            ("bytes of headers", self.limits.headers, None)
        } else if !self.budget.spend_excess_headers(long_headers) {
            let limit = self.limits.headers_of(self.stored);
            ("bytes of headers for its size", limit, Some("--max-ratio"))
        } else {
            return Ok(());
        };
        Err(ReadError::Limit {
            blob: self.name.to_owned(),
            what,
            limit,
            flag,
        })
    }
}

/// Locks the fetched blobs. No thread panics while it has the lock, so poisoning means nothing.
fn lock(fetched: &Mutex<HashMap<String, Blob>>) -> MutexGuard<'_, HashMap<String, Blob>> {
    fetched.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The path of a digest's blob in a layout; `None` for an invalid digest.
fn blob_name(digest: &str) -> Option<String> {
    oci_layout::blob_path(&digest.parse().ok()?).ok()
}

fn unknown_digest(digest: &str) -> ReadError {
    ReadError::UnknownDigest {
        blob: digest.to_owned(),
        digest: digest.to_owned(),
    }
}

/// The normalized name of a member. A name that points outside the archive keeps its `..`, so it is
/// never found.
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
