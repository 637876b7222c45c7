//! GitLab's code quality report: an array of the fields of Code Climate that GitLab reads.
//!
//! See <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.

use serde_json::{Value, json};

use super::Report;
use crate::lint::Severity;

/// An array with one object a line; `fingerprint` differs for each.
pub(super) fn gitlab(report: &Report<'_>) -> String {
    let rows = report
        .fingerprinted()
        .map(|(source, finding, fingerprint)| {
            let name = super::relative(source.name());
            let (start, end) = (
                source.position(finding.span.start),
                source.position(finding.span.end),
            );
            let row = json!({
                "description": super::said(finding),
                "check_name": super::id(finding),
                "fingerprint": super::fingerprint::of_file(name, &fingerprint),
                "severity": severity(finding.severity),
                "location": { "path": name, "lines": { "begin": start.line, "end": end.line } },
            });
            row.to_string()
        });
    super::json::array(rows)
}

/// Code Climate's five grades have one above our error: `blocker`.
pub(super) fn severity(severity: Severity) -> Value {
    let grade = match severity {
        Severity::Error => "critical",
        Severity::Warning => "major",
        Severity::Info => "minor",
        Severity::Style => "info",
    };
    grade.into()
}
