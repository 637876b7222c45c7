//! The files that an image's programs touched in a run that was watched: one JSON document, written
//! by `jettison observe` and read by `slim --observed`.
//!
//! A document may be edited, come from another machine or from a hostile image, so reading it back
//! is strict and within limits.

mod path_text;
mod read;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::hash::hex;
use crate::image::Config;

pub(super) use path_text::{decode as decode_path, encode as encode_path};
pub use read::{ObservationError, read};

/// Version of the format. Another version is refused.
pub const VERSION: u64 = 1;

/// Number of records of a document: a path, an act and a program.
pub const MAX_RECORDS: usize = 1_000_000;

/// A use of a path by a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// Started it as a program.
    Executed,
    /// Opened it.
    Opened,
    /// Opened it as a directory, to read its entries or to find files relative to it.
    Listed,
    /// Asked for it without opening it, and found it.
    LookedUp,
    /// Created it.
    Created,
    /// Tried to use it, and it did not exist.
    Missing,
}

impl Act {
    pub const ALL: [Self; 6] = [
        Self::Executed,
        Self::Opened,
        Self::Listed,
        Self::LookedUp,
        Self::Created,
        Self::Missing,
    ];

    /// The key of the document.
    pub fn key(self) -> &'static str {
        match self {
            Self::Executed => "executed",
            Self::Opened => "opened",
            Self::Listed => "listed",
            Self::LookedUp => "looked_up",
            Self::Created => "created",
            Self::Missing => "missing",
        }
    }

    pub(crate) fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.key() == key)
    }
}

/// As in "opened by `/usr/sbin/nginx`".
impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LookedUp => "looked up",
            Self::Missing => "not found",
            _ => self.key(),
        })
    }
}

/// The image that was observed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// As the user gave it.
    pub name: String,
    /// The `ChainID` of its layers, which is the same wherever the image is stored; empty for a
    /// directory.
    pub chain_id: String,
}

impl Subject {
    pub fn new(name: &str, config: &Config) -> Self {
        Self {
            name: name.to_owned(),
            chain_id: chain_id(&config.diff_ids()),
        }
    }
}

/// The digest of a stack of layers, as the OCI image specification defines it ("Layer `ChainID`").
fn chain_id(diff_ids: &[&str]) -> String {
    let mut chain = String::new();
    for diff_id in diff_ids {
        if chain.is_empty() {
            (*diff_id).clone_into(&mut chain);
        } else {
            let digest = Sha256::digest(format!("{chain} {diff_id}"));
            chain = format!("sha256:{}", hex(&digest));
        }
    }
    chain
}

/// The programs that touched a path, by what they did.
pub type Acts = BTreeMap<Act, BTreeSet<Vec<u8>>>;

/// The paths that programs used in one run, or in several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// The images that were observed, in the order in which their records were added.
    subjects: Vec<Subject>,
    /// Not everything was recorded: there was more than [`MAX_RECORDS`], or a program could not be
    /// watched.
    pub is_incomplete: bool,
    paths: BTreeMap<Vec<u8>, Acts>,
    records: usize,
}

impl Observation {
    pub fn new(subject: Subject) -> Self {
        Self {
            subjects: vec![subject],
            ..Self::default()
        }
    }

    /// Adds a record. A path is absolute, as the program's process saw it; it may go through
    /// symlinks and `..`.
    pub fn add(&mut self, path: &[u8], act: Act, program: &[u8]) {
        if self.records >= MAX_RECORDS {
            self.is_incomplete = true;
            return;
        }
        let acts = self.paths.entry(path.to_vec()).or_default();
        if acts.entry(act).or_default().insert(program.to_vec()) {
            self.records += 1;
        }
    }

    /// Whether a record is already there.
    pub fn contains(&self, path: &[u8], act: Act, program: &[u8]) -> bool {
        let programs = self.paths.get(path).and_then(|acts| acts.get(&act));
        programs.is_some_and(|programs| programs.contains(program))
    }

    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// The images that were observed.
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// The paths in order.
    pub fn paths(&self) -> impl Iterator<Item = (&[u8], &Acts)> {
        self.paths
            .iter()
            .map(|(path, acts)| (path.as_slice(), acts))
    }

    /// The paths that were used in a way, in order, with the programs that did.
    pub fn by(&self, act: Act) -> impl Iterator<Item = (&[u8], &BTreeSet<Vec<u8>>)> {
        self.paths()
            .filter_map(move |(path, acts)| Some((path, acts.get(&act)?)))
    }

    /// The paths that were looked up in vain, in order.
    pub fn failed(&self) -> impl Iterator<Item = (&[u8], &BTreeSet<Vec<u8>>)> {
        self.by(Act::Missing)
    }

    /// Adds the records of another observation.
    pub fn merge(&mut self, other: &Self) {
        self.is_incomplete |= other.is_incomplete;
        for subject in &other.subjects {
            if !self.subjects.contains(subject) {
                self.subjects.push(subject.clone());
            }
        }
        for (path, acts) in other.paths() {
            for (act, programs) in acts {
                for program in programs {
                    self.add(path, *act, program);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_records_of_a_document_are_limited_and_the_rest_is_reported() {
        let mut observation = Observation {
            records: MAX_RECORDS - 1,
            ..Observation::default()
        };
        observation.add(b"/a", Act::Opened, b"/bin/a");
        assert!(!observation.is_incomplete);
        observation.add(b"/b", Act::Opened, b"/bin/a");
        assert!(observation.is_incomplete);
        assert_eq!(observation.paths().count(), 1);
    }

    #[test]
    fn the_chain_of_one_layer_is_the_layer_and_of_several_the_hash_of_two() {
        assert_eq!(chain_id(&[]), "");
        assert_eq!(chain_id(&["sha256:a"]), "sha256:a");
        let two = chain_id(&["sha256:a", "sha256:b"]);
        // printf 'sha256:a sha256:b' | sha256sum
        assert_eq!(
            two,
            "sha256:970a948bffa8de94d6e22d747ba8c95030e6e546909f98f54e99a13005e173a8"
        );
        assert_eq!(
            chain_id(&["sha256:a", "sha256:b", "sha256:c"]),
            chain_id(&[&two, "sha256:c"])
        );
    }

    #[test]
    fn merging_adds_programs_and_acts_of_the_same_path() {
        let mut one = Observation::default();
        one.add(b"/a", Act::Opened, b"/bin/a");
        let mut two = Observation::default();
        two.add(b"/a", Act::Opened, b"/bin/b");
        two.add(b"/a", Act::Missing, b"/bin/b");
        two.is_incomplete = true;
        one.merge(&two);
        assert!(one.contains(b"/a", Act::Opened, b"/bin/a"));
        assert!(one.contains(b"/a", Act::Opened, b"/bin/b"));
        let failed: Vec<_> = one.failed().map(|(path, _)| path).collect();
        assert_eq!(failed, [b"/a"]);
        assert!(one.is_incomplete);
    }
}
