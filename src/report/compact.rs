//! One line a finding, `file:line:column: level: message [rule]`, which editors and `grep` know how
//! to read.

use super::Report;
use crate::printable::Lines;

/// A line for each finding, and nothing where there is none.
pub(super) fn compact(report: &Report<'_>) -> Lines {
    let mut out = Lines::new();
    for (source, finding) in report.placed() {
        let place = source.position(finding.span.start);
        let (file, message) = (source.name(), &finding.message);
        let (level, id) = (finding.severity, super::id(finding));
        out.line(format_args!(
            "{file}:{}:{}: {level}: {message} [{id}]",
            place.line, place.column
        ));
    }
    out
}
