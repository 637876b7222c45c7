//! What a rule says: a finding, its places, and the edits that mend it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::code::ShellcheckCode;
use crate::source::{Source, Span};

/// From the gravest down, as they are listed and compared: `Error < Style`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
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

/// One defect at one place of one file.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The name of the rule that speaks.
    pub rule: &'static str,
    /// What ShellCheck calls it, where ShellCheck speaks.
    pub code: Option<ShellcheckCode>,
    pub severity: Severity,
    /// What is wrong: present tense, lower case, names in backticks, no full stop.
    pub message: String,
    pub span: Span,
    /// The instruction that holds the place, where one does.
    pub instruction: Option<Span>,
    /// Whether the place lies in the stage that is built.
    pub in_final_stage: bool,
    /// What it is about in an image, where an image was checked.
    pub subject: Option<Subject>,
    /// Other places that explain this one.
    pub labels: Vec<Label>,
    pub notes: Vec<String>,
    pub fix: Option<Fix>,
}

/// What of an image a finding is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// A path, from the root, as text; none where it is the configuration or a layer.
    pub path: Option<String>,
    /// Counted from the lowest.
    pub layer: Option<usize>,
    /// Whether the image's program can reach the file; none where there is no program.
    pub reached: Option<bool>,
    /// The package that the file is of, as `name version`.
    pub package: Option<String>,
}

/// A second place, and what it has to do with the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The file that it is in, such as a configuration, where that is not the finding's.
    pub file: Option<Arc<Source>>,
    pub span: Span,
    pub message: String,
}

impl Label {
    /// The file that it is in, beside the finding's.
    pub fn source<'a>(&'a self, own: &'a Source) -> &'a Source {
        self.file.as_deref().unwrap_or(own)
    }
}

/// Edits that mend a finding.
#[derive(Clone, Debug)]
pub struct Fix {
    /// What to do, as an imperative: "use `COPY`".
    pub title: String,
    pub applicability: Applicability,
    /// In order, without overlap.
    pub edits: Vec<Edit>,
}

/// A fix's promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Applicability {
    /// The image that is built means the same.
    Safe,
    /// Somebody has to look.
    Unsafe,
}

/// Puts `replacement` in the place of the bytes of `span`; an empty span inserts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub span: Span,
    pub replacement: String,
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
