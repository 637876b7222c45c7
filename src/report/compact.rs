//! One line a finding, `file:line:column: level: message [rule]`, which editors and `grep` know how
//! to read.

use std::fmt::Write as _;

use super::Report;

/// A line for each finding, and nothing where there is none.
pub(super) fn compact(report: &Report<'_>) -> String {
    let mut out = String::new();
    for (file, finding) in report.placed() {
        let place = file.region(finding).start;
        let (name, message) = (one_line(file.name()), one_line(&finding.message));
        let (level, id) = (finding.severity, super::id(finding));
        let _ = writeln!(
            out,
            "{name}:{}:{}: {level}: {message} [{id}]",
            place.line, place.column
        );
    }
    out
}

/// The text without what would begin another line.
pub(super) fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
