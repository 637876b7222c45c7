//! A rule: a name, a page, a function. And the sink into which the function speaks.

use super::context::Context;
use super::finding::{Applicability, Edit, Finding, Fix, Label, Severity};
use crate::source::Span;

/// One check. Severity, aliases and all that is said of it elsewhere stand on its page.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Kebab case, the defect it reports; reads well after "allow".
    pub name: &'static str,
    /// The text of `rules/lint/<name>.md`.
    pub page: &'static str,
    pub check: fn(&Context<'_>, &mut Findings),
}

/// Takes the findings of one rule, whose name and severity it puts on each.
#[derive(Debug)]
pub struct Findings {
    rule: &'static str,
    severity: Severity,
    reported: Vec<Finding>,
}

impl Findings {
    pub(super) fn new(rule: &'static str, severity: Severity) -> Self {
        Self {
            rule,
            severity,
            reported: Vec::new(),
        }
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.reported
    }

    /// Reports a defect; what else there is to say goes onto the [`Report`].
    pub fn add(&mut self, span: Span, message: impl Into<String>) -> Report<'_> {
        let finding = Finding {
            rule: self.rule,
            code: None,
            severity: self.severity,
            message: message.into(),
            span,
            instruction: None,
            in_final_stage: false,
            subject: None,
            labels: Vec::new(),
            notes: Vec::new(),
            fix: None,
        };
        Report {
            finding: self.reported.push_mut(finding),
        }
    }
}

/// A finding just made, for more to be said of it.
#[derive(Debug)]
pub struct Report<'a> {
    finding: &'a mut Finding,
}

#[expect(
    clippy::return_self_not_must_use,
    reason = "what is said stays said, whether or not more follows"
)]
impl Report<'_> {
    pub fn label(self, span: Span, message: impl Into<String>) -> Self {
        self.finding.labels.push(Label {
            file: None,
            span,
            message: message.into(),
        });
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

    pub fn fix(self, fix: Fix) -> Self {
        self.finding.fix = Some(fix);
        self
    }
}

impl Fix {
    /// A fix whose edits are brought in order.
    pub fn new(
        title: impl Into<String>,
        applicability: Applicability,
        mut edits: Vec<Edit>,
    ) -> Self {
        edits.sort_by_key(|edit| edit.span);
        Self {
            title: title.into(),
            applicability,
            edits,
        }
    }
}
