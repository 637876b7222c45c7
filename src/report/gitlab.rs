//! GitLab's code quality report: an array of the fields of Code Climate that GitLab reads.
//!
//! See <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.

use serde_json::{Value, json};

use super::Report;
use super::input::Region;
use crate::lint::Severity;

/// An array with one object per line. GitLab identifies a finding by its fingerprint when it
/// compares branches, so each is unique in the report.
pub(super) fn gitlab(report: &Report<'_>) -> impl Iterator<Item = String> {
    let rows = report.fingerprinted().map(|(file, finding, fingerprint)| {
        let name = super::relative(file.name());
        let Region { start, end } = file.region(finding);
        let row = json!({
            "description": super::full_text(finding),
            "check_name": super::id(finding),
            "fingerprint": super::fingerprint::of_file(name, &fingerprint),
            "severity": severity(finding.severity),
            "location": { "path": name, "lines": { "begin": start.line, "end": end.line } },
        });
        row.to_string()
    });
    super::json::array(rows)
}

/// Code Climate's severity. Of its five levels, `blocker` is not used.
pub(super) fn severity(severity: Severity) -> Value {
    let grade = match severity {
        Severity::Error => "critical",
        Severity::Warning => "major",
        Severity::Info => "minor",
        Severity::Style => "info",
    };
    grade.into()
}
