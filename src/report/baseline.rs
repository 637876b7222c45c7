//! What was there before: findings that are known and let pass, so that only new ones fail.
//!
//! The file is JSON: `version` is 1, `findings` an array with an object a line, in the order of
//! files, rules and fingerprints. `file` is the path from the baseline's folder, `rule` a rule's
//! name or a code of ShellCheck, `fingerprint` what the finding is known by, and `message` is for
//! people. A fingerprint is made of the rule, the text of the instruction and the count of findings
//! alike before it, so that it stays when lines move and goes when the instruction changes.

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
    /// The folder that paths start from: absolute, without `.` and `..`.
    folder: PathBuf,
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

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    #[error("it is not a baseline")]
    Content(#[from] serde_json::Error),
    #[error("it is a baseline of version {0}, and this jettison knows version {VERSION}")]
    Version(u32),
}

/// What a baseline did.
#[derive(Debug, PartialEq, Eq)]
pub struct Silenced {
    pub findings: usize,
    /// `file: rule: message` of entries whose file was checked, or is gone, and that were not found
    /// again.
    pub stale: Vec<String>,
}

impl Baseline {
    /// Reads the text of a baseline that is in `folder`.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, BaselineError> {
        let file: File = serde_json::from_str(text)?;
        if file.version != VERSION {
            return Err(BaselineError::Version(file.version));
        }
        Ok(Self {
            folder: plain(folder),
            entries: file.findings.into_iter().collect(),
        })
    }

    /// All that was found, for a baseline that will be in `folder`. Relative names start at `here`.
    pub fn of(files: &[Linted], folder: &Path, here: &Path) -> Self {
        let mut baseline = Self {
            folder: plain(folder),
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

    /// The text of the file.
    pub fn text(&self) -> String {
        let lines = self
            .entries
            .iter()
            .map(|entry| serde_json::to_string(entry).expect("strings always serialise"));
        let findings = super::json::array(lines);
        format!(
            "{{\"version\": {VERSION}, \"findings\": {}}}\n",
            findings.trim_end()
        )
    }

    /// Moves what is known from `findings` to `silenced`.
    pub fn silence(&self, files: &mut [Linted], here: &Path) -> Silenced {
        let mut found: BTreeSet<(String, String)> = BTreeSet::new();
        let mut checked: BTreeSet<String> = BTreeSet::new();
        let known: BTreeSet<(&str, &str)> = self
            .entries
            .iter()
            .map(|entry| (entry.file.as_str(), entry.fingerprint.as_str()))
            .collect();
        let mut silenced = 0;
        for file in files {
            let name = self.name_of(file, here);
            let fingerprints = file.fingerprints();
            let findings = std::mem::take(&mut file.findings);
            for (finding, fingerprint) in findings.into_iter().zip(fingerprints) {
                if known.contains(&(name.as_str(), fingerprint.as_str())) {
                    silenced += 1;
                    file.silenced.push(finding);
                    found.insert((name.clone(), fingerprint));
                } else {
                    file.findings.push(finding);
                }
            }
            checked.insert(name);
        }
        let is_stale = |entry: &&Entry| {
            let is_gone =
                !Reference::has_transport(&entry.file) && !self.folder.join(&entry.file).exists();
            let is_checked = checked.contains(&entry.file) || is_gone;
            is_checked && !found.contains(&(entry.file.clone(), entry.fingerprint.clone()))
        };
        let say = |entry: &Entry| format!("{}: {}: {}", entry.file, entry.rule, entry.message);
        Silenced {
            findings: silenced,
            stale: self.entries.iter().filter(is_stale).map(say).collect(),
        }
    }

    /// The path of a file from the baseline's folder; the whole path, where the file is elsewhere.
    fn name_of(&self, file: &Linted, here: &Path) -> String {
        // The name of an image is no path from here.
        if Reference::has_transport(file.name()) {
            return file.name().to_owned();
        }
        let path = plain(&here.join(file.name()));
        path.strip_prefix(&self.folder)
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

    /// A file with a finding on each of these words, each of which is an instruction's too.
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

    fn silence(baseline: &Baseline, file: &mut Linted) -> (Silenced, Vec<String>) {
        let silenced = baseline.silence(std::slice::from_mut(file), Path::new(HERE));
        (
            silenced,
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
    fn what_is_known_is_silent_where_ever_it_moves() {
        let baseline = Baseline::of(
            &[file("a/D", "one two", &["one", "two"])],
            Path::new(HERE),
            Path::new(HERE),
        );
        let mut moved = file("./a/D", "\n\n two\n one three", &["two", "one", "three"]);
        let (silenced, left) = silence(&reread(&baseline), &mut moved);
        assert_eq!(
            (silenced.findings, silenced.stale.len(), left),
            (2, 0, vec!["a three".to_owned()])
        );
    }

    #[test]
    fn one_entry_silences_one_finding() {
        let baseline = Baseline::of(
            &[file("D", "one", &["one"])],
            Path::new(HERE),
            Path::new(HERE),
        );
        let mut twice = file("D", "one one", &["one", "one"]);
        let (silenced, left) = silence(&baseline, &mut twice);
        assert_eq!((silenced.findings, left.len()), (1, 1));
    }

    #[test]
    fn what_no_longer_occurs_is_stale_where_it_was_looked_for() {
        let files = [
            file("D", "one two", &["one", "two"]),
            file("gone", "one", &["one"]),
        ];
        let baseline = Baseline::of(&files, Path::new(HERE), Path::new(HERE));
        let (silenced, _) = silence(&baseline, &mut file("D", "two", &["two"]));
        assert_eq!(silenced.stale, ["D: x: a one", "gone: x: a one"]);
    }

    #[test]
    fn a_baseline_of_a_later_version_is_refused() {
        let error = Baseline::parse("{\"version\": 2, \"findings\": []}", Path::new("/"))
            .expect_err("it is later");
        assert_eq!(
            error.to_string(),
            "it is a baseline of version 2, and this jettison knows version 1"
        );
    }
}
