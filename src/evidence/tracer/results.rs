//! Reading the records of tracers. Programs of the image can write to the same directory, so every
//! file is read as if they had.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;

use rustix::fs::{Mode, OFlags, open};

use crate::evidence::observation::{Act, Observation, decode_path};

/// The only word of a line that says that something was not observed.
pub(super) const LOST: &str = "lost";

/// Bytes of all files: a record of the largest number of them has about a hundred.
const MAX_BYTES: u64 = 256 << 20;

/// Files of a directory.
const MAX_FILES: usize = 20_000;

/// The reason why records cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    #[error("cannot read the records of the run")]
    Read(#[from] io::Error),
    #[error("the records of the run have more than {} MiB", MAX_BYTES >> 20)]
    TooLarge,
    #[error("`{0}` is not a file of records: a program of the image has written to the directory")]
    Foreign(String),
}

/// Adds the records in a directory to an observation. Returns the number of programs that were
/// traced: one for each container, and one for each `exec`.
pub fn results(directory: &Path, observation: &mut Observation) -> Result<usize, ResultsError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        names.push(entry?.file_name());
        if names.len() > MAX_FILES {
            return Err(ResultsError::TooLarge);
        }
    }
    names.sort();
    let mut left = MAX_BYTES;
    for name in &names {
        let foreign = || ResultsError::Foreign(name.to_string_lossy().into_owned());
        // A symlink would lead to a file of the host, a FIFO would never end.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = open(directory.join(name), flags, Mode::empty()).map_err(|_| foreign())?;
        let file = File::from(file);
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(foreign());
        }
        left = left
            .checked_sub(metadata.len())
            .ok_or(ResultsError::TooLarge)?;
        add(file.take(metadata.len()), observation).map_err(|()| foreign())?;
    }
    Ok(names.len())
}

fn add(file: impl io::Read, observation: &mut Observation) -> Result<(), ()> {
    let mut lines = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        let count = lines.read_until(b'\n', &mut line).map_err(|_| ())?;
        // A last line without its end is one whose writer was killed.
        if count == 0 || !line.ends_with(b"\n") {
            return Ok(());
        }
        let words: Vec<String> = serde_json::from_slice(&line).map_err(|_| ())?;
        match words.as_slice() {
            [lost] if lost == LOST => observation.is_incomplete = true,
            [act, path, program] => {
                let act = Act::from_key(act).ok_or(())?;
                let path = decode_path(path).ok_or(())?;
                let program = decode_path(program).ok_or(())?;
                if !path.starts_with(b"/") {
                    return Err(());
                }
                observation.add(&path, act, &program);
            }
            _ => return Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(text: &[u8]) -> Result<Observation, ResultsError> {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("0.records"), text).unwrap();
        let mut observation = Observation::default();
        results(directory.path(), &mut observation)?;
        Ok(observation)
    }

    #[test]
    fn records_of_several_tracers_are_added() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(
            directory.path().join("0.records"),
            "[\"opened\",\"/a\",\"/b\"]\n",
        )
        .unwrap();
        fs::write(
            directory.path().join("1.records"),
            "[\"missing\",\"/a\",\"/b\"]\n[\"lost\"]\n",
        )
        .unwrap();
        let mut observation = Observation::default();
        assert_eq!(results(directory.path(), &mut observation).unwrap(), 2);
        assert!(observation.contains(b"/a", Act::Opened, b"/b"));
        assert!(observation.contains(b"/a", Act::Missing, b"/b"));
        assert!(observation.is_incomplete);
    }

    #[test]
    fn a_line_that_was_cut_off_is_ignored() {
        let observation = read_one(b"[\"opened\",\"/a\",\"/b\"]\n[\"opened\",\"/c").unwrap();
        assert_eq!(observation.paths().count(), 1);
    }

    #[test]
    fn what_no_tracer_writes_is_refused() {
        for text in [
            "x\n",
            "[\"opened\",\"a\",\"/b\"]\n",
            "[\"read\",\"/a\",\"/b\"]\n",
            "[\"opened\",\"/\\\\x41\",\"/b\"]\n",
            "[\"opened\",\"/a\"]\n",
            "[[[[\n",
        ] {
            let error = read_one(text.as_bytes()).unwrap_err();
            assert!(matches!(error, ResultsError::Foreign(_)), "{text}");
        }
    }

    #[test]
    fn symlinks_and_fifos_among_the_records_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/passwd", directory.path().join("0.records")).unwrap();
        assert!(results(directory.path(), &mut Observation::default()).is_err());
        let directory = tempfile::tempdir().unwrap();
        let fifo = directory.path().join("0.records");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            fifo,
            rustix::fs::FileType::Fifo,
            Mode::RWXU,
            0,
        )
        .unwrap();
        assert!(results(directory.path(), &mut Observation::default()).is_err());
    }
}
