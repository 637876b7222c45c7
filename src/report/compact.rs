//! One line per finding, `file:line:column: level: message [rule]`, like compiler errors, so that
//! editors can jump to the location.

use super::{Linted, Report};
use crate::lint::Finding;
use crate::printable::Lines;

/// A line for each finding; empty without findings.
pub(super) fn compact(report: &Report<'_>) -> Lines {
    let mut out = Lines::new();
    for (file, finding) in report.placed() {
        out.line(line(file, finding));
    }
    out
}

/// The line of one finding.
pub(super) fn line(file: &Linted, finding: &Finding) -> String {
    let place = file.region(finding).start;
    let (name, message) = (file.name(), &finding.message);
    let (level, id) = (finding.severity, super::id(finding));
    format!(
        "{name}:{}:{}: {level}: {message} [{id}]",
        place.line, place.column
    )
}
