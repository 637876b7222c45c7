//! The lines that hadolint prints, for what was made to read them: `file:line code level: message`.

use std::fmt::Write as _;

use super::Report;
use super::compact::one_line;

/// A line for each finding, with hadolint's code where there is one, at the first line of its
/// instruction.
pub(super) fn tty(report: &Report<'_>) -> String {
    let mut out = String::new();
    for (file, finding) in report.placed() {
        let line = file.instruction_line(finding);
        let (name, code, level) = (
            one_line(file.name()),
            report.code(finding),
            finding.severity,
        );
        let _ = writeln!(
            out,
            "{name}:{line} {code} {level}: {}",
            one_line(&finding.message)
        );
    }
    out
}
