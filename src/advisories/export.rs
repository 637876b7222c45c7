//! The files of an export: JSON in folders and in zips, each read within limits, by all processors.
//!
//! Nothing is written, so the names of entries lead nowhere; those that do not end in `.json` are
//! passed over.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rawzip::{
    CompressionMethod, FileReader, RECOMMENDED_BUFFER_SIZE, ZipArchive, ZipArchiveEntryWayfinder,
};
use rayon::prelude::*;

use super::inflate::Inflater;

/// Limits of what is read: an export of all ecosystems of osv.dev is far within them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one record.
    pub record: u64,
    /// Records and other entries in all.
    pub entries: usize,
    /// How many bytes a byte of a zip may become, beyond `record`.
    pub ratio: u64,
    /// Folders in folders.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            record: 32 << 20,
            entries: 4_000_000,
            ratio: 120,
            depth: 8,
        }
    }
}

/// Where records are.
#[derive(Clone, Debug, Default)]
pub struct Export {
    files: Vec<PathBuf>,
    limits: Limits,
}

/// An export that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {reason}", path.display(), entry.as_ref().map(|entry| format!(", entry `{entry}`")).unwrap_or_default())]
pub struct Error {
    pub path: PathBuf,
    /// The name in a zip.
    pub entry: Option<String>,
    pub reason: Reason,
}

#[derive(Debug, thiserror::Error)]
pub enum Reason {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("it cannot be read as a zip: {0}")]
    Zip(#[from] rawzip::Error),
    #[error("it is no OSV record: {0}")]
    Json(#[from] serde_json::Error),
    #[error("it is neither a folder, a zip nor a `.json` file")]
    Kind,
    #[error("neither a zip nor a `.json` file is in it")]
    Empty,
    #[error("it is compressed in a way that is not known")]
    Compression,
    #[error("it is encrypted")]
    Encrypted,
    #[error("a record has at most {0} bytes")]
    Large(u64),
    #[error("it becomes more than {0} times as large")]
    Ratio(u64),
    #[error("there are more than {0} entries")]
    Entries(usize),
}

/// An entry of a zip, before it is read.
struct Entry {
    name: Box<[u8]>,
    place: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
    is_encrypted: bool,
}

impl Export {
    /// Finds the files: zips, records, and folders of them.
    pub fn open(paths: &[PathBuf]) -> Result<Self, Error> {
        Self::open_within(paths, Limits::default())
    }

    pub fn open_within(paths: &[PathBuf], limits: Limits) -> Result<Self, Error> {
        let mut files = Vec::new();
        for path in paths {
            let metadata = fs::metadata(path).map_err(|error| of_file(path, error.into()))?;
            if metadata.is_file() {
                let is_known =
                    is_record(path) || is_zip(path).map_err(|error| of_file(path, error.into()))?;
                if !is_known {
                    return Err(of_file(path, Reason::Kind));
                }
                files.push(path.clone());
            } else if metadata.is_dir() {
                folder(path, limits, &mut files)?;
            } else {
                return Err(of_file(path, Reason::Kind));
            }
        }
        Ok(Self { files, limits })
    }

    /// Gives the bytes of each record, in no order, to several threads at once. The first failure
    /// ends it.
    pub(super) fn each(
        &self,
        take: &(impl Fn(&[u8]) -> Result<(), Reason> + Sync),
    ) -> Result<(), Error> {
        let (records, zips): (Vec<&PathBuf>, Vec<&PathBuf>) =
            self.files.iter().partition(|path| is_record(path));
        records.par_iter().try_for_each(|path| {
            let bytes = File::open(path)
                .map_err(Reason::from)
                .and_then(|file| read(file, self.limits.record));
            bytes
                .and_then(|bytes| take(&bytes))
                .map_err(|reason| of_file(path, reason))
        })?;
        zips.iter().try_for_each(|path| self.zip(path, take))
    }

    fn zip(
        &self,
        path: &Path,
        take: &(impl Fn(&[u8]) -> Result<(), Reason> + Sync),
    ) -> Result<(), Error> {
        let (archive, entries) = self.entries(path).map_err(|reason| of_file(path, reason))?;
        let length = fs::metadata(path)
            .map_err(|error| of_file(path, error.into()))?
            .len();
        let most = length
            .saturating_mul(self.limits.ratio)
            .saturating_add(self.limits.record);
        let sum = AtomicU64::new(0);
        entries
            .par_iter()
            .with_min_len(64)
            .try_for_each_init(Inflater::new, |inflater, entry| {
                let take = |inflater: &mut Inflater| {
                    if entry.is_encrypted {
                        return Err(Reason::Encrypted);
                    }
                    let bytes =
                        inflater.read(&archive, entry.place, entry.method, self.limits.record)?;
                    let length = bytes.len() as u64;
                    if sum.fetch_add(length, Ordering::Relaxed) + length > most {
                        return Err(Reason::Ratio(self.limits.ratio));
                    }
                    take(bytes)
                };
                take(inflater).map_err(|reason| Error {
                    path: path.to_owned(),
                    entry: Some(shown(&entry.name)),
                    reason,
                })
            })
    }

    /// The records in a zip.
    fn entries(&self, path: &Path) -> Result<(ZipArchive<FileReader>, Vec<Entry>), Reason> {
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let archive = ZipArchive::from_file(File::open(path)?, &mut buffer)?;
        let (mut entries, mut count) = (Vec::new(), 0);
        let mut all = archive.entries(&mut buffer);
        while let Some(entry) = all.next_entry()? {
            count += 1;
            if count > self.limits.entries {
                return Err(Reason::Entries(self.limits.entries));
            }
            let path = entry.file_path();
            let name: &[u8] = path.as_ref();
            if name.ends_with(b".json") {
                entries.push(Entry {
                    name: name.into(),
                    place: entry.wayfinder(),
                    method: entry.compression_method(),
                    is_encrypted: entry.flags().is_encrypted(),
                });
            }
        }
        Ok((archive, entries))
    }
}

fn read(reader: impl Read, most: u64) -> Result<Vec<u8>, Reason> {
    let mut bytes = Vec::new();
    reader.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        Err(Reason::Large(most))
    } else {
        Ok(bytes)
    }
}

/// The zips and records below a folder, in the order of their paths.
fn folder(root: &Path, limits: Limits, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let before = files.len();
    for entry in walkdir::WalkDir::new(root)
        .max_depth(limits.depth)
        .sort_by_file_name()
    {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(root).to_owned();
            of_file(&path, Reason::Io(error.into()))
        })?;
        let path = entry.path();
        let is_wanted =
            is_record(path) || path.extension().is_some_and(|extension| extension == "zip");
        if is_wanted && fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
            files.push(path.to_owned());
        }
        if files.len() > limits.entries {
            return Err(of_file(root, Reason::Entries(limits.entries)));
        }
    }
    if files.len() == before {
        Err(of_file(root, Reason::Empty))
    } else {
        Ok(())
    }
}

fn is_record(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "json")
}

/// By its name, or by how it begins.
fn is_zip(path: &Path) -> std::io::Result<bool> {
    if path.extension().is_some_and(|extension| extension == "zip") {
        return Ok(true);
    }
    let mut start = Vec::new();
    File::open(path)?.take(2).read_to_end(&mut start)?;
    Ok(start == b"PK")
}

fn of_file(path: &Path, reason: Reason) -> Error {
    Error {
        path: path.to_owned(),
        entry: None,
        reason,
    }
}

/// A name of others, such that a terminal shows it.
fn shown(name: &[u8]) -> String {
    let shown = name.escape_ascii().to_string();
    if shown.len() > 200 {
        format!("{}…", &shown[..200])
    } else {
        shown
    }
}
