//! A rule: a name, a page, and up to three checks; and the sink for their findings.

use super::deployment::DeploymentContext;
use super::dockerfile::DockerfileContext;
use super::finding::{Applicability, Edit, Finding, Fix, Label, Location, Severity};
use super::image::ImageContext;
use crate::source::Span;

/// One rule. Its severity, aliases and documentation are on its page.
///
/// The findings of a rule without checks come from the engine: the rules about comments that
/// suppress findings, and ShellCheck.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The defect that the rule reports, in kebab case; reads well after "allow".
    pub name: &'static str,
    /// The text of `rules/lint/<name>.md`.
    pub page: &'static str,
    pub dockerfile: Option<DockerfileCheck>,
    pub image: Option<ImageCheck>,
    pub deployment: Option<DeploymentCheck>,
}

/// Checks one Dockerfile.
pub type DockerfileCheck = fn(&DockerfileContext<'_>, &mut Findings);

/// Checks one image.
pub type ImageCheck = fn(&ImageContext<'_>, &mut Findings);

/// Checks what Compose files, Kubernetes manifests and Bake files say.
pub type DeploymentCheck = fn(&DeploymentContext<'_>, &mut Findings);

/// Maximum length of a message, a label, a note or the title of a fix, in bytes.
const MAX_MESSAGE: usize = 2 << 10;
/// Replaces what is left out of a longer one.
const ELLIPSIS: &str = "…";

/// Collects the findings of one rule, each with the rule's name and severity.
#[derive(Debug)]
pub struct Findings {
    rule: &'static str,
    severity: RuleSeverity,
    reported: Vec<Finding>,
}

/// The severity of a rule's findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RuleSeverity {
    /// From the rule's page; a finding may override it.
    Page(Severity),
    /// Set by the user, for all findings of the rule.
    User(Severity),
}

impl RuleSeverity {
    pub(super) fn get(self) -> Severity {
        match self {
            Self::Page(severity) | Self::User(severity) => severity,
        }
    }
}

impl Findings {
    pub(super) fn new(rule: &'static str, severity: RuleSeverity) -> Self {
        Self {
            rule,
            severity,
            reported: Vec::new(),
        }
    }

    /// The name of the rule.
    pub fn rule(&self) -> &'static str {
        self.rule
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.reported
    }

    /// Reports a defect; labels, notes and a fix can be added with the builder.
    pub fn add(
        &mut self,
        location: impl Into<Location>,
        message: impl Into<String>,
    ) -> FindingBuilder<'_> {
        let finding = Finding {
            rule: self.rule,
            code: None,
            severity: self.severity.get(),
            message: shortened(message.into()),
            location: location.into(),
            labels: Vec::new(),
            notes: Vec::new(),
            fix: None,
        };
        FindingBuilder {
            severity: self.severity,
            // The finding is reported immediately; the builder only adds details.
            finding: self.reported.push_mut(finding),
        }
    }
}

/// A reported finding, for adding details to it.
#[derive(Debug)]
pub struct FindingBuilder<'a> {
    severity: RuleSeverity,
    finding: &'a mut Finding,
}

#[expect(
    clippy::return_self_not_must_use,
    reason = "the finding is reported already, whether or not details follow"
)]
impl FindingBuilder<'_> {
    /// Sets the severity of this finding, unless the user has set one for the rule.
    pub fn severity(self, severity: Severity) -> Self {
        // The user's setting applies to all findings of the rule.
        if let RuleSeverity::Page(_) = self.severity {
            self.finding.severity = severity;
        }
        self
    }

    pub fn label(self, span: Span, message: impl Into<String>) -> Self {
        // Most findings have one label, and a list would grow to four at once.
        if self.finding.labels.is_empty() {
            self.finding.labels.reserve_exact(1);
        }
        self.finding.labels.push(Label {
            file: None,
            span,
            message: shortened(message.into()),
        });
        self
    }

    /// Adds a label at the setting in a configuration file that the finding is based on, if there
    /// is one.
    pub fn because(self, setting: Option<Label>) -> Self {
        if let Some(mut label) = setting {
            label.message = shortened(label.message);
            self.finding.labels.push(label);
        }
        self
    }

    pub fn note(self, note: impl Into<String>) -> Self {
        self.finding.notes.push(shortened(note.into()));
        self
    }

    pub fn fix(self, fix: Fix) -> Self {
        self.finding.fix = Some(fix);
        self
    }
}

impl Fix {
    /// A fix that keeps the meaning of the image.
    pub fn safe(title: impl Into<String>, edits: impl Into<Vec<Edit>>) -> Self {
        Self::new(title, Applicability::Safe, edits.into())
    }

    /// A fix that may change the meaning of the image, which `--unsafe-fixes` applies.
    pub fn marked_unsafe(title: impl Into<String>, edits: impl Into<Vec<Edit>>) -> Self {
        Self::new(title, Applicability::Unsafe, edits.into())
    }

    /// Sorts the edits.
    pub fn new(
        title: impl Into<String>,
        applicability: Applicability,
        mut edits: Vec<Edit>,
    ) -> Self {
        edits.sort_by_key(|edit| edit.span);
        Self {
            title: shortened(title.into()),
            applicability,
            edits,
        }
    }
}

/// A message of at most [`MAX_MESSAGE`] bytes. Names come from files and images: one of a megabyte
/// may be part of thousands of findings.
fn shortened(message: String) -> String {
    if message.len() <= MAX_MESSAGE {
        return message;
    }
    let half = (MAX_MESSAGE - ELLIPSIS.len()) / 2;
    let start = message.floor_char_boundary(half);
    let end = message.ceil_char_boundary(message.len() - half);
    [&message[..start], ELLIPSIS, &message[end..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_messages_lose_their_middle() {
        for char in ["x", "é", "€", "😀"] {
            let name = char.repeat(3000);
            let mut findings = Findings::new("rule", RuleSeverity::Page(Severity::Info));
            findings
                .add(Span::at(0), format!("`{name}` is long"))
                .label(Span::at(0), format!("`{name}` label"))
                .because(Some(Label {
                    file: None,
                    span: Span::at(0),
                    message: format!("`{name}` setting"),
                }))
                .note(format!("`{name}` note"))
                .fix(Fix::safe(format!("`{name}` fix"), []));
            let [finding] = &findings.into_findings()[..] else {
                panic!("one finding");
            };
            let fix = finding.fix.as_ref().expect("it has one");
            for (text, end) in [
                (&finding.message, "` is long"),
                (&finding.labels[0].message, "` label"),
                (&finding.labels[1].message, "` setting"),
                (&finding.notes[0], "` note"),
                (&fix.title, "` fix"),
            ] {
                assert!(text.len() <= MAX_MESSAGE, "{}", text.len());
                assert!(text.len() > MAX_MESSAGE - 16, "{}", text.len());
                assert!(text.starts_with(&format!("`{char}")), "{text}");
                assert!(text.ends_with(&format!("{char}{end}")), "{text}");
                assert_eq!(text.matches('…').count(), 1);
            }
        }
    }

    #[test]
    fn other_messages_stay_as_they_are() {
        for length in [0, 1, 100, MAX_MESSAGE] {
            let message = "x".repeat(length);
            assert_eq!(shortened(message.clone()), message);
        }
        assert_ne!(
            shortened("x".repeat(MAX_MESSAGE + 1)).len(),
            MAX_MESSAGE + 1
        );
    }
}
