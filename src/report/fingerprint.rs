//! What a finding is known by when lines move: its rule, the text of its instruction, and how many
//! like it came before.

use std::collections::HashMap;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::Linted;
use crate::lint::Finding;
use crate::source::Source;

/// How many bytes of the hash are kept.
const BYTES: usize = 16;

impl Linted {
    /// The fingerprint of each finding, in the order of the findings. Those that a baseline
    /// silences are counted too, so that silencing one changes no other.
    pub(super) fn fingerprints(&self) -> Vec<String> {
        let mut seen: HashMap<(String, &str), usize> = HashMap::new();
        let mut all: Vec<(&Finding, bool)> = self
            .findings
            .iter()
            .map(|finding| (finding, true))
            .chain(self.silenced.iter().map(|f| (f, false)))
            .collect();
        all.sort_by_key(|(finding, _)| (finding.span, finding.rule, &finding.message));
        let mut fingerprints = Vec::with_capacity(self.findings.len());
        for (finding, is_open) in all {
            let text = text(&self.source, finding);
            let id = super::id(finding).into_owned();
            let count = seen.entry((id.clone(), text)).or_default();
            if is_open {
                fingerprints.push(hash(&[
                    id.as_bytes(),
                    normal(text).as_bytes(),
                    count.to_string().as_bytes(),
                ]));
            }
            *count += 1;
        }
        fingerprints
    }
}

/// The same for a file of this name: what has to differ between files.
pub(super) fn of_file(name: &str, fingerprint: &str) -> String {
    hash(&[name.as_bytes(), fingerprint.as_bytes()])
}

/// The instruction's text; that of the line, where the finding is in none. A file of an image keeps
/// its path, whatever becomes of its layer.
fn text<'a>(source: &'a Source, finding: &'a Finding) -> &'a str {
    if let Some(path) = finding
        .subject
        .as_ref()
        .and_then(|subject| subject.path.as_deref())
    {
        return path;
    }
    let span = finding
        .instruction
        .unwrap_or_else(|| source.line_span(source.line(finding.span.start)));
    source.slice(span)
}

/// Words without what is between them: indentation and line ends may change.
fn normal(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Hexadecimal; the parts cannot run into each other.
fn hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize()[..BYTES]
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
