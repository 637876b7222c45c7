//! The records of a tracer, written one line each as they happen: a container may be killed at any
//! time.

use std::collections::HashSet;
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Write as _};
use std::path::Path;

use super::DIRECTORY;
use crate::evidence::observation::{Act, MAX_RECORDS, encode_path};

/// Directories of the kernel, which an image has nothing in.
const KERNEL: [&[u8]; 3] = [b"/proc", b"/sys", b"/dev"];

/// Writes each record once.
#[derive(Debug)]
pub(super) struct Recorder {
    file: File,
    /// Hashes of the records, which themselves would take a gigabyte at the limit.
    seen: HashSet<u64>,
    hasher: RandomState,
}

/// The number of containers that one test may start.
const MAX_FILES: usize = 10_000;

impl Recorder {
    /// Starts a new file in the directory of results.
    pub(super) fn create(directory: &Path) -> io::Result<Self> {
        for number in 0..MAX_FILES {
            match File::create_new(directory.join(format!("{number}.records"))) {
                Ok(file) => {
                    return Ok(Self {
                        file,
                        seen: HashSet::new(),
                        hasher: RandomState::new(),
                    });
                }
                // Each container and each `exec` has a file.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Writes a record, unless it is there or is not about the image.
    pub(super) fn record(&mut self, act: Act, path: &[u8], program: &[u8]) -> io::Result<()> {
        if is_outside(path) || !self.is_new(&(act, path, program)) {
            return Ok(());
        }
        let line = serde_json::json!([act.key(), encode_path(path), encode_path(program)]);
        self.write(&line)
    }

    /// Notes that something could not be observed.
    pub(super) fn record_loss(&mut self) -> io::Result<()> {
        if self.is_new(&"a loss") {
            return self.write(&serde_json::json!([super::results::LOST]));
        }
        Ok(())
    }

    fn is_new<T: std::hash::Hash>(&mut self, record: &T) -> bool {
        let hash = self.hasher.hash_one(record);
        // One more than the reader takes, so that it sees that there are more.
        self.seen.len() <= MAX_RECORDS && self.seen.insert(hash)
    }

    /// One call a line, so that a line is whole or absent.
    fn write(&mut self, line: &serde_json::Value) -> io::Result<()> {
        self.file.write_all(format!("{line}\n").as_bytes())
    }
}

fn is_outside(path: &[u8]) -> bool {
    if path.starts_with(DIRECTORY.as_bytes()) {
        return true;
    }
    for top in KERNEL {
        if let Some(rest) = path.strip_prefix(top)
            && rest.first().is_none_or(|&byte| byte == b'/')
        {
            return true;
        }
    }
    false
}
