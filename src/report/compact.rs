//! One line a finding, `file:line:column: level: message [rule]`, which editors and `grep` know how
//! to read.

use super::{Linted, Report};
use crate::lint::Finding;
use crate::printable::Lines;

/// A line for each finding, and nothing where there is none.
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
