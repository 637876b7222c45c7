//! What a rule says of an image: a defect, the file that has it, and who brought it.

use super::Context;
use crate::image::NameId;
use crate::lint::{Label, Severity};

/// One defect of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The name of the rule that speaks.
    pub rule: &'static str,
    pub severity: Severity,
    /// What is wrong: present tense, lower case, names in backticks, no full stop.
    pub message: String,
    /// The file that it is about, from the root; none where it is about the configuration or a
    /// layer.
    pub path: Option<Vec<u8>>,
    /// Who brought it, where that is known.
    pub brought: Option<Brought>,
    /// Whether the program can reach the file, as the slimmer sees it; none where there is no
    /// program.
    pub reached: Option<bool>,
    /// The package that the file is of, as `name version`.
    pub package: Option<String>,
    pub notes: Vec<String>,
    /// The words of the configuration that it rests on.
    pub labels: Vec<Label>,
}

/// A step of the image's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// Counted from the lowest; none where the step changed the configuration alone.
    pub layer: Option<usize>,
    /// The instruction, as the builder wrote it; empty where the history does not tell.
    pub created_by: String,
}

/// Takes the findings of one rule.
#[derive(Debug)]
pub struct Findings<'c, 'a> {
    context: &'c Context<'a>,
    rule: &'static str,
    severity: Severity,
    reported: Vec<Finding>,
}

impl<'c, 'a> Findings<'c, 'a> {
    pub(super) fn new(context: &'c Context<'a>, rule: &'static str, severity: Severity) -> Self {
        Self {
            context,
            rule,
            severity,
            reported: Vec::new(),
        }
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.reported
    }

    /// Reports a defect of a file, also of one that a later layer has taken away.
    pub fn file(&mut self, name: NameId, message: impl Into<String>) -> Report<'_> {
        let context = self.context;
        let package = context.packages.owners(name).next();
        let finding = Finding {
            path: Some(context.tree().path(name)),
            brought: context
                .layer_of(name)
                .map(|layer| context.step_of_layer(layer)),
            reached: context.is_reached(name),
            package: package.map(|package| format!("{} {}", package.name, package.version)),
            ..self.bare(message)
        };
        Report {
            finding: self.reported.push_mut(finding),
        }
    }

    /// Reports a defect of a layer.
    pub fn layer(&mut self, layer: usize, message: impl Into<String>) -> Report<'_> {
        let finding = Finding {
            brought: Some(self.context.step_of_layer(layer)),
            ..self.bare(message)
        };
        Report {
            finding: self.reported.push_mut(finding),
        }
    }

    /// Reports a defect of the configuration; `instruction` is the one that set it, such as `USER`.
    pub fn config(&mut self, instruction: &str, message: impl Into<String>) -> Report<'_> {
        let finding = Finding {
            brought: self.context.step_of_instruction(instruction),
            ..self.bare(message)
        };
        Report {
            finding: self.reported.push_mut(finding),
        }
    }

    /// Reports a defect of the image as a whole.
    pub fn image(&mut self, message: impl Into<String>) -> Report<'_> {
        let finding = self.bare(message);
        Report {
            finding: self.reported.push_mut(finding),
        }
    }

    /// Whether the user says how grave findings of this rule are.
    pub fn is_severity_set(&self) -> bool {
        self.context.settings.severities.contains_key(self.rule)
    }

    fn bare(&self, message: impl Into<String>) -> Finding {
        Finding {
            rule: self.rule,
            severity: self.severity,
            message: message.into(),
            path: None,
            brought: None,
            reached: None,
            package: None,
            notes: Vec::new(),
            labels: Vec::new(),
        }
    }
}

/// A finding just made, for more to be said of it.
#[derive(Debug)]
pub struct Report<'r> {
    finding: &'r mut Finding,
}

#[expect(
    clippy::return_self_not_must_use,
    reason = "what is said stays said, whether or not more follows"
)]
impl Report<'_> {
    /// As grave as what is known of it, and not as its page says for all.
    pub fn severity(self, severity: Severity) -> Self {
        self.finding.severity = severity;
        self
    }

    /// A label at the word of the configuration that it rests on, where a file said it.
    pub fn because(self, label: Option<Label>) -> Self {
        self.finding.labels.extend(label);
        self
    }

    pub fn note(self, note: impl Into<String>) -> Self {
        self.finding.notes.push(note.into());
        self
    }
}
