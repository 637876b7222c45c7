//! One line per finding, `file:line:column: level: message [rule]`, as compilers print errors, so
//! that editors find the places.

use super::Report;
use crate::printable::Lines;

/// A line for each finding, and nothing without findings.
pub(super) fn compact(report: &Report<'_>) -> Lines {
    let mut out = Lines::new();
    for (file, finding) in report.placed() {
        let place = file.region(finding).start;
        let (name, message) = (file.name(), &finding.message);
        let (level, id) = (finding.severity, super::id(finding));
        out.line(format_args!(
            "{name}:{}:{}: {level}: {message} [{id}]",
            place.line, place.column
        ));
    }
    out
}
