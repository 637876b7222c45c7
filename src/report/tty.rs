//! hadolint's default output, `file:line code level: message`, for tools that parse it.

use super::Report;
use crate::printable::Lines;

/// A line for each finding, with hadolint's code if it has one, at the first line of its
/// instruction.
pub(super) fn tty(report: &Report<'_>) -> Lines {
    let mut out = Lines::new();
    for (file, finding) in report.placed() {
        let line = file.instruction_line(finding);
        let (name, code, level) = (file.name(), report.code(finding), finding.severity);
        out.line(format_args!(
            "{name}:{line} {code} {level}: {}",
            finding.message
        ));
    }
    out
}
