//! Linted files and images, and the line numbers and columns of their findings.
//!
//! A finding in an image has no line number. Formats that require one get the number of the history
//! step that added the file, as if the history were a text with a step per line.

use std::borrow::Cow;

use crate::image::Image;
use crate::lint::{AttackSurface, Finding, ImageLocation, Label, Location};
use crate::source::{Position, Source, Span, Utf16Position};

/// A linted file or image, with its findings sorted by location.
#[derive(Debug)]
pub struct Linted {
    pub input: Input,
    pub findings: Vec<Finding>,
    /// Findings suppressed by a [`Baseline`](super::Baseline). They are kept for fingerprints.
    pub suppressed: Vec<Finding>,
    /// Shown at the end of a text report, if set.
    pub attack_surface: Option<AttackSurface>,
}

/// A Dockerfile or an image.
#[derive(Debug)]
pub enum Input {
    Dockerfile(Source),
    Image {
        name: String,
        /// The steps of the history, one line each.
        history: Vec<String>,
    },
}

/// A half-open range between two positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region<P = Position> {
    pub(super) start: P,
    pub(super) end: P,
}

impl Linted {
    pub fn dockerfile(source: Source, findings: Vec<Finding>) -> Self {
        Self {
            input: Input::Dockerfile(source),
            findings,
            suppressed: Vec::new(),
            attack_surface: None,
        }
    }

    pub fn image(name: &str, image: &Image, findings: Vec<Finding>) -> Self {
        // Converted to lines once rather than for each finding.
        let history = image.config.history();
        Self {
            input: Input::Image {
                name: name.to_owned(),
                history: history
                    .iter()
                    .map(|step| one_line(&step.created_by))
                    .collect(),
            },
            findings,
            suppressed: Vec::new(),
            attack_surface: None,
        }
    }

    pub fn name(&self) -> &str {
        match &self.input {
            Input::Dockerfile(source) => source.name(),
            Input::Image { name, .. } => name,
        }
    }

    /// The text of a Dockerfile; `None` for an image.
    pub fn source(&self) -> Option<&Source> {
        match &self.input {
            Input::Dockerfile(source) => Some(source),
            Input::Image { .. } => None,
        }
    }

    pub(super) fn is_image(&self) -> bool {
        matches!(self.input, Input::Image { .. })
    }

    pub(super) fn line_count(&self) -> usize {
        match &self.input {
            Input::Dockerfile(source) => source.line_count(),
            Input::Image { history, .. } => history.len(),
        }
    }

    /// The lines and columns of a finding.
    pub(super) fn region(&self, finding: &Finding) -> Region {
        match (&self.input, &finding.location) {
            (Input::Dockerfile(source), Location::Text(text)) => Region::of(source, text.span),
            // The history step, as if it were a line of a text.
            (_, location) => {
                let line = 1 + step(location).unwrap_or_default();
                let length = self.step_text(location).chars().count();
                Region {
                    start: Position { line, column: 1 },
                    end: Position {
                        line,
                        column: 1 + length,
                    },
                }
            }
        }
    }

    /// The same in UTF-16 code units, counted from 0.
    pub(super) fn region_utf16(&self, finding: &Finding) -> Region<Utf16Position> {
        match (&self.input, &finding.location) {
            (Input::Dockerfile(source), Location::Text(text)) => {
                Region::of_utf16(source, text.span)
            }
            (_, location) => {
                let line = step(location).unwrap_or_default();
                Region {
                    start: Utf16Position { line, character: 0 },
                    end: Utf16Position {
                        line,
                        character: self.step_text(location).encode_utf16().count(),
                    },
                }
            }
        }
    }

    /// The first line of a finding's instruction, which is the line that hadolint reports.
    pub(super) fn instruction_line(&self, finding: &Finding) -> usize {
        match (&self.input, &finding.location) {
            (Input::Dockerfile(source), Location::Text(text)) => {
                source.line(text.instruction.unwrap_or(text.span).start)
            }
            _ => self.region(finding).start.line,
        }
    }

    /// The notes of a finding. For a finding in an image, they begin with its origin and end with
    /// whether the program can reach the file.
    pub(super) fn notes(finding: &Finding) -> Cow<'_, [String]> {
        let Location::Image(image) = &finding.location else {
            return Cow::Borrowed(&finding.notes);
        };
        let mut notes = Vec::new();
        notes.extend(origin(image));
        notes.extend_from_slice(&finding.notes);
        // Unknown for an image that cannot be slimmed.
        notes.extend(image.reachable.map(reachability));
        Cow::Owned(notes)
    }

    /// The labels of a finding, with their files.
    pub(super) fn labels<'a>(
        &'a self,
        finding: &'a Finding,
    ) -> impl Iterator<Item = (&'a Source, &'a Label)> {
        finding.labels.iter().filter_map(|label| {
            // A label without a file is in the Dockerfile of the finding. Images have no text.
            let source = label.file.as_deref().or(self.source())?;
            Some((source, label))
        })
    }

    /// The history step of a finding in an image, as one line; the first step for findings of
    /// unknown origin.
    pub(super) fn step_text(&self, location: &Location) -> &str {
        match &self.input {
            Input::Image { history, .. } => {
                let step = step(location).unwrap_or_default();
                history.get(step).map_or("", String::as_str)
            }
            Input::Dockerfile(_) => "",
        }
    }
}

impl Region {
    pub(super) fn of(source: &Source, span: Span) -> Self {
        Self {
            start: source.position(span.start),
            end: source.position(span.end),
        }
    }
}

impl Region<Utf16Position> {
    pub(super) fn of_utf16(source: &Source, span: Span) -> Self {
        Self {
            start: source.position_utf16(span.start),
            end: source.position_utf16(span.end),
        }
    }
}

/// The history step that a finding in an image comes from, and the package of the file.
fn origin(image: &ImageLocation) -> Option<String> {
    // A `RUN` may have thousands of characters, which would be repeated in every finding in its
    // layer.
    const SHOWN: usize = 160;
    let provenance = image.provenance.clone().unwrap_or_default();
    let created_by = &*provenance.created_by;
    // Line breaks and indentation are removed, so this many bytes are enough.
    let start = &created_by[..created_by.floor_char_boundary(16 * SHOWN)];
    let mut step = one_line(start);
    if let Some((end, _)) = step.char_indices().nth(SHOWN) {
        step.truncate(end);
        step.push_str("...");
    } else if start.len() < created_by.len() {
        step.push_str("...");
    }
    let has_step = !provenance.created_by.is_empty();
    // Images that were squashed or built by tools other than BuildKit may have layers without a
    // history, and steps such as `USER` have no layer.
    let step = match provenance.layer {
        Some(layer) if has_step => format!("added by `{step}` in layer {layer}"),
        Some(layer) => format!("in layer {layer}"),
        None if has_step => format!("set by `{step}`"),
        None => String::new(),
    };
    match &image.package {
        Some(package) if step.is_empty() => Some(format!("part of package {package}")),
        // A package such as `bash` explains a file better than its path.
        Some(package) => Some(format!("{step} (package {package})")),
        None if step.is_empty() => None,
        None => Some(step),
    }
}

fn reachability(is_reachable: bool) -> String {
    let text = if is_reachable {
        "reachable from the entry point"
    } else {
        "not reachable from the entry point; `jettison slim` removes it"
    };
    text.to_owned()
}

fn step(location: &Location) -> Option<usize> {
    match location {
        Location::Image(image) => image.step(),
        Location::Text(_) => None,
    }
}

/// Number of bytes of a step beyond which only its start is used, because each finding shows and
/// hashes it again.
const MAX_STEP: usize = 64 << 10;
const SHOWN_OF_LONG_STEP: usize = 4 << 10;

/// The text of a step in one line. Fingerprints depend on it, so it must not change.
pub(super) fn one_line(step: &str) -> String {
    let step = if step.len() > MAX_STEP {
        &step[..step.floor_char_boundary(SHOWN_OF_LONG_STEP)]
    } else {
        step
    };
    let parts = step.split(['\n', '\r', '\t']).map(str::trim);
    let words: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    if words.is_empty() {
        "(empty history entry)".to_owned()
    } else {
        words.join(" ")
    }
}
