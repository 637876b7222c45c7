//! What was linted, and where its findings are in lines and columns.
//!
//! A finding in an image has no line of its own. Formats that need one get the line of the step in
//! the image's history that added the file, as if the history were a text with a step per line.

use crate::image::Image;
use crate::lint::{Finding, Label, Location};
use crate::source::{Position, Source, Span, Utf16Position};

/// A linted file or image, with its findings in the order of their places.
#[derive(Debug)]
pub struct Linted {
    pub input: Input,
    pub findings: Vec<Finding>,
    /// Findings that the [`Baseline`](super::Baseline) contains.
    pub silenced: Vec<Finding>,
}

/// A Dockerfile or an image.
#[derive(Debug)]
pub enum Input {
    Dockerfile(Source),
    Image {
        name: String,
        /// The steps of the history, a line each.
        history: Vec<String>,
    },
}

/// From a place up to, but not including, another.
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
            silenced: Vec::new(),
        }
    }

    pub fn image(name: &str, image: &Image, findings: Vec<Finding>) -> Self {
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
            silenced: Vec::new(),
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

    /// The same in units of UTF-16, counted from 0.
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

    /// The first line of the finding's instruction, which is the line that hadolint gives.
    pub(super) fn instruction_line(&self, finding: &Finding) -> usize {
        match (&self.input, &finding.location) {
            (Input::Dockerfile(source), Location::Text(text)) => {
                source.line(text.instruction.unwrap_or(text.span).start)
            }
            _ => self.region(finding).start.line,
        }
    }

    /// The labels of a finding, with the files that they are in.
    pub(super) fn labels<'a>(
        &'a self,
        finding: &'a Finding,
    ) -> impl Iterator<Item = (&'a Source, &'a Label)> {
        finding.labels.iter().filter_map(|label| {
            let source = label.file.as_deref().or(self.source())?;
            Some((source, label))
        })
    }

    /// The step of the history that a finding in an image is at, as one line; for findings of
    /// unknown origin the first.
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

fn step(location: &Location) -> Option<usize> {
    match location {
        Location::Image(image) => image.step(),
        Location::Text(_) => None,
    }
}

/// The text of a step without line breaks.
fn one_line(step: &str) -> String {
    let parts = step.split(['\n', '\r', '\t']).map(str::trim);
    let words: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    if words.is_empty() {
        "(a step without a word)".to_owned()
    } else {
        words.join(" ")
    }
}
