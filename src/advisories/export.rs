//! The files of an export: JSON in directories and in ZIP files, read in parallel and within
//! limits.
//!
//! Nothing is written, so the names of entries are harmless; those that do not end in `.json` are
//! skipped.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rawzip::{
    CompressionMethod, FileReader, RECOMMENDED_BUFFER_SIZE, ZipArchive, ZipArchiveEntryWayfinder,
};
use rayon::prelude::*;

use super::inflate::Inflater;

/// Limits on an export. An export of all ecosystems of osv.dev is far below them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportLimits {
    /// Bytes of one record.
    pub record: u64,
    /// Records and other entries in all.
    pub entries: usize,
    /// Decompressed bytes per byte of a ZIP file, in addition to `record`.
    pub ratio: u64,
    /// Levels of directories.
    pub depth: usize,
    /// Packages of an image in all records that affect them. An image may have thousands of
    /// packages of one name, and an export thousands of records about it.
    pub hits: usize,
    /// Versions and events in records that are compared with packages of an image.
    pub comparisons: usize,
    /// Bytes of versions that are compared, each counted for every comparison.
    pub compared: usize,
    /// Bytes of text about the vulnerabilities of an image: their names, summaries and packages.
    /// Those of an image with several Linux kernels have about 20 MB.
    pub text: usize,
}

impl Default for ExportLimits {
    fn default() -> Self {
        // JSON compresses to a tenth, a ZIP bomb to a thousandth. The largest records, which list
        // all versions of a package, have a few megabytes.
        Self {
            record: 32 << 20,
            entries: 4_000_000,
            ratio: 120,
            depth: 8,
            hits: 100_000,
            comparisons: 32 << 20,
            compared: 1 << 30,
            text: 32 << 20,
        }
    }
}

/// The files of an export; [`find`](super::find()) reads their records.
#[derive(Clone, Debug, Default)]
pub struct Export {
    files: Vec<PathBuf>,
    pub(super) limits: ExportLimits,
}

/// An error in an export.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {reason}", path.display(), entry_suffix(entry.as_deref()))]
pub struct ExportError {
    pub path: PathBuf,
    /// Name of an entry in a ZIP file.
    pub entry: Option<String>,
    pub reason: ExportErrorReason,
}

fn entry_suffix(entry: Option<&str>) -> String {
    match entry {
        Some(entry) => format!(", entry `{entry}`"),
        None => String::new(),
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ExportErrorReason {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("invalid ZIP file: {0}")]
    Zip(#[from] rawzip::Error),
    #[error("invalid OSV record: {0}")]
    Json(#[from] serde_json::Error),
    #[error("not a directory, ZIP file or `.json` file")]
    Kind,
    #[error("the directory contains no ZIP or `.json` files")]
    Empty,
    #[error("unsupported compression method")]
    Compression,
    #[error("encrypted entries are not supported")]
    Encrypted,
    #[error("record larger than {0} bytes")]
    Large(u64),
    #[error("decompresses to more than {0} times its size")]
    Ratio(u64),
    #[error("more than {0} entries")]
    Entries(usize),
    #[error("more than {0} vulnerabilities in the image's packages")]
    Hits(usize),
    #[error("more than {0} comparisons with the image's package versions")]
    Comparisons(usize),
    #[error("more than {0} bytes of versions to compare with the image's package versions")]
    Compared(usize),
    #[error("more than {0} bytes of text about vulnerabilities in the image's packages")]
    Text(usize),
}

/// An entry of a ZIP file, before it is read.
struct Entry {
    name: Box<[u8]>,
    place: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
    is_encrypted: bool,
}

impl Export {
    /// Finds the files: ZIP files, records, and directories of these.
    pub fn open(paths: &[PathBuf]) -> Result<Self, ExportError> {
        Self::open_within(paths, ExportLimits::default())
    }

    pub fn open_within(paths: &[PathBuf], limits: ExportLimits) -> Result<Self, ExportError> {
        let mut files = Vec::new();
        for path in paths {
            let metadata = fs::metadata(path).map_err(|error| of_file(path, error.into()))?;
            if metadata.is_file() {
                // A file that was named must be a ZIP file or a record. In directories, other files
                // are skipped.
                let is_known =
                    is_record(path) || is_zip(path).map_err(|error| of_file(path, error.into()))?;
                if !is_known {
                    return Err(of_file(path, ExportErrorReason::Kind));
                }
                files.push(path.clone());
            } else if metadata.is_dir() {
                add_directory(path, limits, &mut files)?;
            } else {
                // Reading from a FIFO or a device could block or never end.
                return Err(of_file(path, ExportErrorReason::Kind));
            }
        }
        Ok(Self { files, limits })
    }

    /// Passes the bytes of each record to `sink`, in no particular order and on several threads.
    /// The first failure ends the iteration.
    pub(super) fn each(
        &self,
        sink: &(impl Fn(&[u8]) -> Result<(), ExportErrorReason> + Sync),
    ) -> Result<(), ExportError> {
        let (records, zips): (Vec<&PathBuf>, Vec<&PathBuf>) =
            self.files.iter().partition(|path| is_record(path));
        records.par_iter().try_for_each(|path| {
            let bytes = File::open(path)
                .map_err(ExportErrorReason::from)
                .and_then(|file| read(file, self.limits.record));
            bytes
                .and_then(|bytes| sink(&bytes))
                .map_err(|reason| of_file(path, reason))
        })?;
        // One ZIP file after the other: the entries of each are enough for all processors.
        zips.iter().try_for_each(|path| self.zip(path, sink))
    }

    /// An error in the export as a whole.
    pub(super) fn error(&self, reason: ExportErrorReason) -> ExportError {
        of_file(
            self.files.first().map_or(Path::new(""), PathBuf::as_path),
            reason,
        )
    }

    fn zip(
        &self,
        path: &Path,
        sink: &(impl Fn(&[u8]) -> Result<(), ExportErrorReason> + Sync),
    ) -> Result<(), ExportError> {
        let (archive, entries) = self.entries(path).map_err(|reason| of_file(path, reason))?;
        let length = fs::metadata(path)
            .map_err(|error| of_file(path, error.into()))?
            .len();
        // All entries of a ZIP bomb may refer to the same compressed bytes, so the limit applies to
        // the sum.
        let most = length
            .saturating_mul(self.limits.ratio)
            .saturating_add(self.limits.record);
        let sum = AtomicU64::new(0);
        // Entries are small. Without a minimum batch size, threads would spend their time fetching
        // work.
        entries
            .par_iter()
            .with_min_len(64)
            .try_for_each_init(Inflater::new, |inflater, entry| {
                let bytes = self.inflate(inflater, &archive, entry).and_then(|bytes| {
                    let length = bytes.len() as u64;
                    if sum.fetch_add(length, Ordering::Relaxed) + length > most {
                        return Err(ExportErrorReason::Ratio(self.limits.ratio));
                    }
                    sink(bytes)
                });
                bytes.map_err(|reason| ExportError {
                    path: path.to_owned(),
                    entry: Some(printable_name(&entry.name)),
                    reason,
                })
            })
    }

    fn inflate<'i>(
        &self,
        inflater: &'i mut Inflater,
        archive: &ZipArchive<FileReader>,
        entry: &Entry,
    ) -> Result<&'i [u8], ExportErrorReason> {
        if entry.is_encrypted {
            return Err(ExportErrorReason::Encrypted);
        }
        inflater.read(archive, entry.place, entry.method, self.limits.record)
    }

    /// Lists the records in a ZIP file.
    fn entries(
        &self,
        path: &Path,
    ) -> Result<(ZipArchive<FileReader>, Vec<Entry>), ExportErrorReason> {
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let archive = ZipArchive::from_file(File::open(path)?, &mut buffer)?;
        let (mut entries, mut count) = (Vec::new(), 0);
        let mut all = archive.entries(&mut buffer);
        while let Some(entry) = all.next_entry()? {
            // Skipped entries count too, because listing them takes time.
            count += 1;
            if count > self.limits.entries {
                return Err(ExportErrorReason::Entries(self.limits.entries));
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

fn read(reader: impl Read, most: u64) -> Result<Vec<u8>, ExportErrorReason> {
    let mut bytes = Vec::new();
    // Reading one byte more than allowed distinguishes a file that is too long from one that just
    // fits.
    reader.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        Err(ExportErrorReason::Large(most))
    } else {
        Ok(bytes)
    }
}

/// Adds the ZIP files and records below a directory, in the order of their paths.
fn add_directory(
    root: &Path,
    limits: ExportLimits,
    files: &mut Vec<PathBuf>,
) -> Result<(), ExportError> {
    let before = files.len();
    for entry in walkdir::WalkDir::new(root)
        .max_depth(limits.depth)
        .sort_by_file_name()
    {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(root).to_owned();
            of_file(&path, ExportErrorReason::Io(error.into()))
        })?;
        let path = entry.path();
        // Only the name is checked, because opening every file in a directory would take too long.
        let is_wanted =
            is_record(path) || path.extension().is_some_and(|extension| extension == "zip");
        if is_wanted && fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
            files.push(path.to_owned());
        }
        if files.len() > limits.entries {
            return Err(of_file(root, ExportErrorReason::Entries(limits.entries)));
        }
    }
    if files.len() == before {
        Err(of_file(root, ExportErrorReason::Empty))
    } else {
        Ok(())
    }
}

fn is_record(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "json")
}

/// Recognizes a ZIP file by its name or its first bytes.
fn is_zip(path: &Path) -> std::io::Result<bool> {
    if path.extension().is_some_and(|extension| extension == "zip") {
        return Ok(true);
    }
    let mut start = Vec::new();
    File::open(path)?.take(2).read_to_end(&mut start)?;
    Ok(start == b"PK")
}

fn of_file(path: &Path, reason: ExportErrorReason) -> ExportError {
    ExportError {
        path: path.to_owned(),
        entry: None,
        reason,
    }
}

/// Escapes and shortens the untrusted name of an entry for the terminal.
fn printable_name(name: &[u8]) -> String {
    let escaped = name.escape_ascii().to_string();
    if escaped.len() > 200 {
        format!("{}…", &escaped[..200])
    } else {
        escaped
    }
}
