//! Fingerprints, which identify findings even if lines move: by rule, by the text of the
//! instruction, and by the number of preceding equal findings.
//!
//! Baselines contain them, so any change here invalidates every baseline.

use std::borrow::Cow;
use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::input::{Input, Linted};
use crate::hash::{add_part, hex};
use crate::lint::{Finding, ImageLocation, Location};
use crate::source::Span;

/// Number of bytes of the hash that are kept. 128 bits make collisions practically impossible and
/// keep the lines of a baseline short.
const BYTES: usize = 16;

/// Text in place of the step, for findings in an image without a history.
const NO_HISTORY: &str = "the image has no history";

impl Linted {
    /// The fingerprint of each finding, in the order of the findings.
    pub(super) fn fingerprints(&self) -> Vec<String> {
        let mut texts = Texts::default();
        let mut seen: HashMap<(Cow<'static, str>, usize), Counted> = HashMap::new();
        // Findings suppressed by a baseline are counted too: otherwise the next of several equal
        // ones would get the number of the first and be suppressed in its place.
        let mut all: Vec<(&Finding, bool)> = self
            .findings
            .iter()
            .map(|finding| (finding, true))
            .chain(self.suppressed.iter().map(|finding| (finding, false)))
            .collect();
        all.sort_by_key(|(finding, _)| (place(finding), finding.rule, &finding.message));
        let mut fingerprints = Vec::with_capacity(self.findings.len());
        for (finding, is_open) in all {
            let text = texts.number(self.fingerprint_text(finding));
            let id = super::id(finding);
            let counted = seen
                .entry((id.clone(), text))
                .or_insert_with(|| Counted::new(&id, &texts.normal[text]));
            if is_open {
                fingerprints.push(counted.fingerprint());
            }
            counted.count += 1;
        }
        fingerprints
    }

    /// The text that identifies a finding: the instruction, or the line of a finding outside of
    /// one; in an image, the path of the file, or the step of the history.
    fn fingerprint_text<'a>(&'a self, finding: &'a Finding) -> Cow<'a, str> {
        match (&self.input, &finding.location) {
            (Input::Dockerfile(source), Location::Text(text)) => {
                // A finding on a comment, or on the file as a whole.
                let line = || source.line_span(source.line(text.span.start));
                Cow::Borrowed(source.slice(text.instruction.unwrap_or_else(line)))
            }
            // The path of a file is independent of its layer.
            (
                _,
                Location::Image(ImageLocation {
                    path: Some(path), ..
                }),
            ) => Cow::Owned(path.escape_ascii().to_string()),
            (Input::Image { history, .. }, _) if history.is_empty() => Cow::Borrowed(NO_HISTORY),
            (_, location) => Cow::Borrowed(self.step_text(location)),
        }
    }
}

/// The texts that identify findings, each normalized once, because thousands of findings may be in
/// one instruction of a megabyte.
#[derive(Default)]
struct Texts<'a> {
    /// Rows by address and length of a text, which compare faster than its bytes.
    places: HashMap<(usize, usize), usize>,
    numbers: HashMap<Cow<'a, str>, usize>,
    normal: Vec<String>,
}

impl<'a> Texts<'a> {
    /// The row of a text in `normal`, which is the same for equal texts.
    fn number(&mut self, text: Cow<'a, str>) -> usize {
        let place = match &text {
            Cow::Borrowed(text) => Some((text.as_ptr() as usize, text.len())),
            // It is freed soon, and another text may then have the same address.
            Cow::Owned(_) => None,
        };
        if let Some(number) = place.and_then(|place| self.places.get(&place)) {
            return *number;
        }
        let number = if let Some(&number) = self.numbers.get(&text) {
            number
        } else {
            self.normal.push(normal(&text));
            self.numbers.insert(text, self.normal.len() - 1);
            self.normal.len() - 1
        };
        self.places.extend(place.map(|place| (place, number)));
        number
    }
}

/// The findings of one rule with one text.
struct Counted {
    /// The hash of the rule and the text.
    hash: Sha256,
    count: usize,
}

impl Counted {
    fn new(id: &str, normal: &str) -> Self {
        let mut hash = Sha256::new();
        add_part(&mut hash, id.as_bytes());
        add_part(&mut hash, normal.as_bytes());
        Self { hash, count: 0 }
    }

    fn fingerprint(&self) -> String {
        let mut hash = self.hash.clone();
        add_part(&mut hash, self.count.to_string().as_bytes());
        text(hash)
    }
}

/// The location of a finding, as a sort key.
fn place(finding: &Finding) -> (Option<Span>, Option<usize>) {
    let step = finding
        .image()
        .map(|image| image.step().unwrap_or_default());
    (finding.span(), step)
}

/// The fingerprint for formats that compare those of all files with each other, such as GitLab's.
pub(super) fn of_file(name: &str, fingerprint: &str) -> String {
    let mut hash = Sha256::new();
    add_part(&mut hash, name.as_bytes());
    add_part(&mut hash, fingerprint.as_bytes());
    text(hash)
}

/// The words of a text separated by single spaces, because indentation and line breaks may change.
fn normal(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first digits of a hash in hexadecimal.
fn text(hash: Sha256) -> String {
    hex(&hash.finalize()[..BYTES])
}
