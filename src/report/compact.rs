//! One line a finding, `file:line:column: level: message [rule]`, which editors and `grep` know how
//! to read.

use super::Report;
use crate::printable::Lines;

/// A line for each finding, and nothing where there is none.
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
