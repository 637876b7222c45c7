//! Fingerprints identify findings when lines move: by rule, by the text of the instruction, and by
//! how many equal ones come before.
//!
//! Baselines contain them: a change here makes every baseline useless.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::input::{Input, Linted};
use crate::lint::{Finding, ImageLocation, Location};
use crate::source::Span;

/// The bytes of the hash that are kept.
const BYTES: usize = 16;

/// Stands for the step of a finding in an image without a history.
const NO_HISTORY: &str = "the image has no history";

impl Linted {
    /// The fingerprint of each finding, in the order of the findings. Those that a baseline
    /// silences are counted too, so that silencing one changes no other.
    pub(super) fn fingerprints(&self) -> Vec<String> {
        let mut texts = Texts::default();
        let mut seen: HashMap<(Cow<'static, str>, usize), Counted> = HashMap::new();
        let mut all: Vec<(&Finding, bool)> = self
            .findings
            .iter()
            .map(|finding| (finding, true))
            .chain(self.silenced.iter().map(|f| (f, false)))
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
    /// one; in an image the path of the file, which stays the same whatever layer it is in, or the
    /// step of the history.
    fn fingerprint_text<'a>(&'a self, finding: &'a Finding) -> Cow<'a, str> {
        match (&self.input, &finding.location) {
            (Input::Dockerfile(source), Location::Text(text)) => {
                let line = || source.line_span(source.line(text.span.start));
                Cow::Borrowed(source.slice(text.instruction.unwrap_or_else(line)))
            }
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

/// The texts that identify findings, each read once: thousands of findings may be in one instruction
/// of a megabyte.
#[derive(Default)]
struct Texts<'a> {
    /// By where a text is and how long it is, which is told faster than what it says.
    places: HashMap<(usize, usize), usize>,
    numbers: HashMap<Cow<'a, str>, usize>,
    normal: Vec<String>,
}

impl<'a> Texts<'a> {
    /// The row of a text in `normal`, the same for equal texts.
    fn number(&mut self, text: Cow<'a, str>) -> usize {
        let place = match &text {
            Cow::Borrowed(text) => Some((text.as_ptr() as usize, text.len())),
            // It is gone soon, and another may take its place.
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
        update(&mut hash, id.as_bytes());
        update(&mut hash, normal.as_bytes());
        Self { hash, count: 0 }
    }

    fn fingerprint(&self) -> String {
        let mut hash = self.hash.clone();
        update(&mut hash, self.count.to_string().as_bytes());
        text(hash)
    }
}

/// The place of a finding for sorting.
fn place(finding: &Finding) -> (Option<Span>, Option<usize>) {
    let step = finding
        .image()
        .map(|image| image.step().unwrap_or_default());
    (finding.span(), step)
}

/// The same for a file of this name: what has to differ between files.
pub(super) fn of_file(name: &str, fingerprint: &str) -> String {
    hash(&[name.as_bytes(), fingerprint.as_bytes()])
}

/// Words without what is between them: indentation and line ends may change.
fn normal(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Hexadecimal; the parts cannot run into each other.
fn hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        update(&mut hash, part);
    }
    text(hash)
}

fn update(hash: &mut Sha256, part: &[u8]) {
    hash.update((part.len() as u64).to_le_bytes());
    hash.update(part);
}

fn text(hash: Sha256) -> String {
    hash.finalize()[..BYTES]
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
