//! Baselines: known findings that are suppressed, so that only new ones are reported.
//!
//! The file is JSON: `version` is 1, and `findings` is an array with one object per line, in the
//! order of files, rules and fingerprints. `file` is the path from the directory of the baseline,
//! `rule` the name of a rule or a code of ShellCheck, `fingerprint` identifies the finding, and
//! `message` is for people. A fingerprint is computed from the rule, the text of the instruction
//! and the number of equal findings before it, so it stays the same if lines move, but not if the
//! instruction changes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Linted;
use crate::image::Reference;
use crate::source::plain;

const VERSION: u32 = 1;

/// Known findings.
#[derive(Debug)]
pub struct Baseline {
    /// The directory that paths are relative to: absolute, without `.` and `..`.
    directory: PathBuf,
    entries: BTreeSet<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    file: String,
    rule: String,
    fingerprint: String,
    message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    findings: Vec<Entry>,
}

/// The reason why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    #[error("not a baseline")]
    Content(#[from] serde_json::Error),
    #[error("baseline version {0} is not supported, only version {VERSION}")]
    Version(u32),
}

/// The effect of a baseline.
#[derive(Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// Number of suppressed findings.
    pub findings: usize,
    /// `file: rule: message` of entries that match no finding although their file was checked or no
    /// longer exists.
    pub stale: Vec<String>,
}

impl Baseline {
    /// Parses the text of a baseline in `directory`.
    pub fn parse(text: &str, directory: &Path) -> Result<Self, BaselineError> {
        let file: File = serde_json::from_str(text)?;
        // In a later format, the same fields may have a different meaning.
        if file.version != VERSION {
            return Err(BaselineError::Version(file.version));
        }
        Ok(Self {
            directory: plain(directory),
            entries: file.findings.into_iter().collect(),
        })
    }

    /// A baseline of all findings, to be written to `directory`. File names are relative to `here`.
    pub fn of(files: &[Linted], directory: &Path, here: &Path) -> Self {
        let mut baseline = Self {
            directory: plain(directory),
            entries: BTreeSet::new(),
        };
        for file in files {
            let name = baseline.name_of(file, here);
            let found = file.findings.iter().zip(file.fingerprints());
            baseline
                .entries
                .extend(found.map(|(finding, fingerprint)| Entry {
                    file: name.clone(),
                    rule: super::id(finding).into_owned(),
                    fingerprint,
                    message: finding.message.clone(),
                }));
        }
        baseline
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The text of the file. Each entry is on a separate line, so that a diff shows which findings
    /// were added and removed.
    pub fn text(&self) -> String {
        let lines = self
            .entries
            .iter()
            .map(|entry| serde_json::to_string(entry).expect("strings always serialize"));
        let findings: String = super::json::array(lines).collect();
        format!(
            "{{\"version\": {VERSION}, \"findings\": {}}}\n",
            findings.trim_end()
        )
    }

    /// The entries that the findings of these files match.
    #[must_use]
    pub fn found_in(&self, files: &[Linted], here: &Path) -> Self {
        let mut found = BTreeSet::new();
        for file in files {
            let name = self.name_of(file, here);
            let fingerprints: BTreeSet<String> = file.fingerprints().into_iter().collect();
            let entries = self
                .entries
                .iter()
                .filter(|entry| entry.file == name && fingerprints.contains(&entry.fingerprint));
            found.extend(entries.cloned());
        }
        Self {
            directory: self.directory.clone(),
            entries: found,
        }
    }

    /// Removes the fixes of known findings: they were accepted as they are.
    ///
    /// Fixing another finding may change the instruction and thus the fingerprint. An entry that is
    /// no longer found therefore covers findings with the same message in its file.
    pub fn withhold_fixes(&self, files: &mut [Linted], here: &Path) {
        for file in files {
            let name = self.name_of(file, here);
            let fingerprints = file.fingerprints();
            let found: BTreeSet<&str> = fingerprints.iter().map(String::as_str).collect();
            let mut known: BTreeSet<&str> = BTreeSet::new();
            let mut changed: BTreeSet<(&str, &str)> = BTreeSet::new();
            for entry in self.entries.iter().filter(|entry| entry.file == name) {
                if found.contains(entry.fingerprint.as_str()) {
                    known.insert(&entry.fingerprint);
                } else {
                    changed.insert((&entry.rule, &entry.message));
                }
            }
            for (finding, fingerprint) in file.findings.iter_mut().zip(&fingerprints) {
                let id = super::id(finding);
                let is_changed = changed.contains(&(id.as_ref(), finding.message.as_str()));
                if is_changed || known.contains(fingerprint.as_str()) {
                    finding.fix = None;
                }
            }
        }
    }

    /// Moves known findings from `findings` to `suppressed`.
    pub fn suppress(&self, files: &mut [Linted], here: &Path) -> Suppressed {
        let mut found: BTreeSet<(String, String)> = BTreeSet::new();
        let mut checked: BTreeSet<String> = BTreeSet::new();
        // The message is not compared, because it is for people and may change in a later release.
        let known: BTreeSet<(&str, &str)> = self
            .entries
            .iter()
            .map(|entry| (entry.file.as_str(), entry.fingerprint.as_str()))
            .collect();
        let mut suppressed = 0;
        for file in files {
            let name = self.name_of(file, here);
            let fingerprints = file.fingerprints();
            let findings = std::mem::take(&mut file.findings);
            for (finding, fingerprint) in findings.into_iter().zip(fingerprints) {
                if known.contains(&(name.as_str(), fingerprint.as_str())) {
                    suppressed += 1;
                    file.suppressed.push(finding);
                    found.insert((name.clone(), fingerprint));
                } else {
                    file.findings.push(finding);
                }
            }
            // This includes files without findings, whose entries are stale.
            checked.insert(name);
        }
        let mut stale = Vec::new();
        for entry in &self.entries {
            // A run that checks some files says nothing about entries of other files.
            let is_checked = checked.contains(&entry.file) || self.is_gone(entry);
            if is_checked && !found.contains(&(entry.file.clone(), entry.fingerprint.clone())) {
                stale.push(format!("{}: {}: {}", entry.file, entry.rule, entry.message));
            }
        }
        Suppressed {
            findings: suppressed,
            stale,
        }
    }

    /// Whether the file of an entry no longer exists. An image may be in a registry, which is not
    /// accessed.
    fn is_gone(&self, entry: &Entry) -> bool {
        !Reference::has_transport(&entry.file) && !self.directory.join(&entry.file).exists()
    }

    /// The path of a file relative to the directory of the baseline, or the absolute path of a file
    /// outside of it.
    fn name_of(&self, file: &Linted, here: &Path) -> String {
        // The name of an image is not a path.
        if Reference::has_transport(file.name()) {
            return file.name().to_owned();
        }
        // `./Dockerfile` and `Dockerfile` are the same entry.
        let path = plain(&here.join(file.name()));
        // Relative if possible, so that the file works in every checkout.
        path.strip_prefix(&self.directory)
            .unwrap_or(&path)
            .to_string_lossy()
            .into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::{Finding, Location, Severity, TextLocation};
    use crate::source::{Source, Span};

    /// A file with a finding for each of these words, which also occur as instructions.
    fn file(name: &str, text: &str, words: &[&str]) -> Linted {
        let mut from = 0;
        let findings = words.iter().map(|word| {
            let at = from + text[from..].find(word).expect("it is there");
            from = at + word.len();
            let span = Span::new(at, from);
            Finding {
                rule: "x",
                code: None,
                severity: Severity::Info,
                message: format!("a {word}"),
                location: Location::Text(TextLocation {
                    span,
                    instruction: Some(span),
                    in_final_stage: false,
                    file: 0,
                }),
                labels: Vec::new(),
                notes: Vec::new(),
                fix: None,
            }
        });
        let findings = findings.collect();
        Linted::dockerfile(Source::new(name, text), findings)
    }

    const HERE: &str = "/work";

    fn suppress(baseline: &Baseline, file: &mut Linted) -> (Suppressed, Vec<String>) {
        let suppressed = baseline.suppress(std::slice::from_mut(file), Path::new(HERE));
        (
            suppressed,
            file.findings
                .iter()
                .map(|finding| finding.message.clone())
                .collect(),
        )
    }

    fn reread(baseline: &Baseline) -> Baseline {
        Baseline::parse(&baseline.text(), Path::new(HERE)).expect("it was written by us")
    }

    #[test]
    fn a_known_finding_stays_suppressed_when_it_moves() {
        let baseline = Baseline::of(
            &[file("a/D", "one two", &["one", "two"])],
            Path::new(HERE),
            Path::new(HERE),
        );
        let mut moved = file("./a/D", "\n\n two\n one three", &["two", "one", "three"]);
        let (suppressed, left) = suppress(&reread(&baseline), &mut moved);
        assert_eq!(
            (suppressed.findings, suppressed.stale.len(), left),
            (2, 0, vec!["a three".to_owned()])
        );
    }

    #[test]
    fn one_entry_suppresses_one_finding() {
        let baseline = Baseline::of(
            &[file("D", "one", &["one"])],
            Path::new(HERE),
            Path::new(HERE),
        );
        let mut twice = file("D", "one one", &["one", "one"]);
        let (suppressed, left) = suppress(&baseline, &mut twice);
        assert_eq!((suppressed.findings, left.len()), (1, 1));
    }

    #[test]
    fn an_entry_of_a_checked_or_missing_file_is_stale_if_nothing_matches_it() {
        let files = [
            file("D", "one two", &["one", "two"]),
            file("gone", "one", &["one"]),
        ];
        let baseline = Baseline::of(&files, Path::new(HERE), Path::new(HERE));
        let (suppressed, _) = suppress(&baseline, &mut file("D", "two", &["two"]));
        assert_eq!(suppressed.stale, ["D: x: a one", "gone: x: a one"]);
    }

    #[test]
    fn a_baseline_of_a_later_version_is_refused() {
        let error = Baseline::parse("{\"version\": 2, \"findings\": []}", Path::new("/"))
            .expect_err("it is later");
        assert_eq!(
            error.to_string(),
            "baseline version 2 is not supported, only version 1"
        );
    }
}
