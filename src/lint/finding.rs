//! A finding: the defect, its location, and the edits that fix it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::code::ShellcheckCode;
use crate::deployment::Place;
use crate::source::{Source, Span};

/// The severity of a finding, highest first: `Error < Style`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    // The order is that of severity: comparisons and thresholds depend on it.
    Error,
    Warning,
    Info,
    Style,
}

impl Severity {
    pub const ALL: [Self; 4] = [Self::Error, Self::Warning, Self::Info, Self::Style];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Style => "style",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.as_str() == text)
            .ok_or(())
    }
}

/// A defect and its location.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The name of the rule that reported it.
    pub rule: &'static str,
    /// ShellCheck's code, for findings of ShellCheck.
    pub code: Option<ShellcheckCode>,
    pub severity: Severity,
    /// The defect: present tense, lower case, names in backticks, no full stop.
    pub message: String,
    pub location: Location,
    /// Other locations that explain the finding.
    pub labels: Vec<Label>,
    pub notes: Vec<String>,
    pub fix: Option<Fix>,
}

/// The location of a defect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In the text of a Dockerfile.
    Text(TextLocation),
    /// In an image.
    Image(ImageLocation),
}

/// A place in the text of a Dockerfile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextLocation {
    pub span: Span,
    /// The instruction that the span starts in, if any.
    pub instruction: Option<Span>,
    pub in_final_stage: bool,
    /// The index of the file in its deployment, while the rules run; 0 for a Dockerfile.
    pub file: usize,
}

/// A place in an image: a file, a layer, or the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageLocation {
    /// The absolute path of the file; `None` for a layer, the configuration, or the image as a
    /// whole.
    pub path: Option<Vec<u8>>,
    /// The step of the history that added it, if known.
    pub provenance: Option<Provenance>,
    /// Whether the image's program can reach the file; `None` without a program.
    pub reachable: Option<bool>,
    /// The package that owns the file, as `name version`.
    pub package: Option<String>,
}

/// A step of an image's history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The index in the history; `None` for a layer without an entry there.
    pub step: Option<usize>,
    /// The index of the layer, from the lowest; `None` for a step that only changed the
    /// configuration.
    pub layer: Option<usize>,
    /// The instruction as recorded by the builder, without the parts that the builder adds; may be
    /// empty. It is shared, because an image may have thousands of findings from a step of a
    /// megabyte.
    pub created_by: Arc<str>,
}

impl Finding {
    /// The place in the Dockerfile; `None` for findings in images.
    pub fn text(&self) -> Option<&TextLocation> {
        match &self.location {
            Location::Text(text) => Some(text),
            Location::Image(_) => None,
        }
    }

    /// The span in the Dockerfile; `None` for findings in images.
    pub fn span(&self) -> Option<Span> {
        self.text().map(|text| text.span)
    }

    /// The place in the image; `None` for findings in Dockerfiles.
    pub fn image(&self) -> Option<&ImageLocation> {
        match &self.location {
            Location::Image(image) => Some(image),
            Location::Text(_) => None,
        }
    }
}

impl From<Span> for Location {
    fn from(span: Span) -> Self {
        Self::Text(TextLocation {
            span,
            ..TextLocation::default()
        })
    }
}

impl From<Place> for Location {
    fn from(place: Place) -> Self {
        Self::Text(TextLocation {
            span: place.span,
            file: place.file,
            ..TextLocation::default()
        })
    }
}

impl From<ImageLocation> for Location {
    fn from(location: ImageLocation) -> Self {
        Self::Image(location)
    }
}

impl ImageLocation {
    /// The layer of the step that added it, counted from the lowest.
    pub fn layer(&self) -> Option<usize> {
        self.provenance.as_ref()?.layer
    }

    /// The index of the step in the image's history.
    pub fn step(&self) -> Option<usize> {
        self.provenance.as_ref()?.step
    }
}

/// A secondary location that explains a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The file of the label, such as a configuration file; `None` for the file of the finding.
    pub file: Option<Arc<Source>>,
    pub span: Span,
    pub message: String,
}

impl Label {
    /// The file of the label; `own` is the file of the finding.
    pub fn source<'a>(&'a self, own: &'a Source) -> &'a Source {
        self.file.as_deref().unwrap_or(own)
    }
}

/// Edits that fix a finding.
#[derive(Clone, Debug)]
pub struct Fix {
    /// The change, as an imperative: "use `COPY`".
    pub title: String,
    pub applicability: Applicability,
    /// Sorted, without overlaps.
    pub edits: Vec<Edit>,
}

/// The guarantee that a fix makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Applicability {
    /// The built image behaves the same.
    Safe,
    /// The result may differ and must be reviewed.
    Unsafe,
}

/// Replaces the bytes of `span` with `replacement`; an empty span inserts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub span: Span,
    pub replacement: String,
}

impl Edit {
    pub fn replace(span: Span, replacement: impl Into<String>) -> Self {
        Self {
            span,
            replacement: replacement.into(),
        }
    }

    pub fn insert(at: usize, text: impl Into<String>) -> Self {
        Self::replace(Span::at(at), text)
    }

    pub fn remove(span: Span) -> Self {
        Self::replace(span, "")
    }
}

impl Applicability {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
        }
    }
}

impl fmt::Display for Applicability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Applicability {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Safe, Self::Unsafe]
            .into_iter()
            .find(|applicability| applicability.as_str() == text)
            .ok_or(())
    }
}
