//! Where the named blobs of an image are: the members of an archive, or the files of a directory.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::archive::{Entries, Node};
use super::blob::Blob;
use super::error::ReadError;
use super::inflate::{Compression, inflate};
use super::limits::{Budget, Limits};
use super::tree::{Content, Kind};

#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Archive { blob: Blob, members: HashMap<Vec<u8>, Member> },
    Directory,
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

impl Store {
    /// A tar archive, which may be compressed as a whole.
    pub(super) fn archive(path: &Path, limits: &Limits, budget: &Budget) -> Result<Self, ReadError> {
        let mut blob = Blob::open(path)?;
        let name = path.display().to_string();
        let compression = Compression::of(&blob.head().map_err(ReadError::io(path))?);
        if compression != Compression::None {
            blob = inflate(&name, &blob, compression, limits, budget)?.0;
        }
        let mut members = HashMap::new();
        for entry in Entries::new(&blob, limits) {
            let entry = entry.map_err(|problem| ReadError::Entry { blob: name.clone(), problem })?;
            let (key, weight) = (clean(&entry.name), entry.weight());
            let member = match entry.node {
                Node::Inode(Kind::File(Content::Archived { offset, length })) => Member::File { offset, length },
                Node::Inode(Kind::Symlink { target }) => Member::Link(joined(parent(&key), &target)),
                Node::HardLink { target } => Member::Link(clean(&target)),
                Node::Inode(_) => continue,
            };
            if members.len() >= limits.entries {
                let (limit, flag) = (limits.entries as u64, Some("--max-entries"));
                return Err(ReadError::Limit { blob: name, what: "entries", limit, flag });
            }
            if !budget.spend_headers(weight) {
                let limit = limits.headers;
                return Err(ReadError::Limit { blob: name, what: "bytes of headers", limit, flag: None });
            }
            members.insert(key, member);
        }
        Ok(Self { path: path.to_owned(), place: Place::Archive { blob, members } })
    }

    pub(super) fn directory(path: &Path) -> Result<Self, ReadError> {
        std::fs::read_dir(path).map_err(ReadError::io(path))?;
        Ok(Self { path: path.to_owned(), place: Place::Directory })
    }

    /// The archive or directory on the host.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn has(&self, name: &str) -> bool {
        match &self.place {
            Place::Archive { members, .. } => members.contains_key(name.as_bytes()),
            Place::Directory => self.path.join(name).is_file(),
        }
    }

    /// A blob; `by` is who names it.
    pub(super) fn blob(&self, name: &str, by: &str) -> Result<Blob, ReadError> {
        let missing = || ReadError::MissingBlob { blob: name.to_owned(), by: by.to_owned() };
        match &self.place {
            Place::Directory => {
                let path = self.path.join(name);
                if !path.exists() {
                    return Err(missing());
                }
                Blob::open(&path)
            }
            Place::Archive { blob, members } => {
                let mut key = clean(name.as_bytes());
                for _ in 0..=MAX_MEMBER_LINKS {
                    match members.get(&key).ok_or_else(missing)? {
                        Member::Link(target) => key.clone_from(target),
                        &Member::File { offset, length } => return blob.part(offset, length).ok_or_else(missing),
                    }
                }
                Err(ReadError::BlobLinks { blob: name.to_owned() })
            }
        }
    }

    /// A file that the format itself names.
    pub(super) fn json<T: DeserializeOwned>(&self, name: &'static str, limits: &Limits) -> Result<T, ReadError> {
        let blob = self.blob(name, &self.path.display().to_string())?;
        json(name, &blob, limits)
    }
}

/// A blob as JSON, if it is not absurdly large.
pub(super) fn json<T: DeserializeOwned>(name: &str, blob: &Blob, limits: &Limits) -> Result<T, ReadError> {
    if blob.size() > limits.json {
        let limit = limits.json;
        return Err(ReadError::Limit { blob: name.to_owned(), what: "bytes", limit, flag: None });
    }
    let bytes = blob.bytes().map_err(ReadError::blob(name))?;
    serde_json::from_slice(&bytes).map_err(ReadError::json(name))
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
    name.iter().rposition(|&byte| byte == b'/').map_or(b"", |slash| &name[..slash])
}

fn joined(directory: &[u8], target: &[u8]) -> Vec<u8> {
    if target.starts_with(b"/") { clean(target) } else { clean(&[directory, b"/", target].concat()) }
}
