//! GitHub workflow commands, which become annotations of the changed lines.
//!
//! See <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>. GitHub
//! shows ten annotations of each level for a step; the log has them all.

use std::fmt::Write as _;

use super::input::Region;
use super::{Linted, Report};
use crate::lint::{Finding, Severity};
use crate::printable::escape;

/// `::warning file=…,line=…::message`, a line for each finding.
pub(super) fn github(report: &Report<'_>) -> impl Iterator<Item = String> {
    let placed = report.placed();
    placed.map(|(file, finding)| line(file, finding))
}

fn line(file: &Linted, finding: &Finding) -> String {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        // GitHub has three levels.
        Severity::Info | Severity::Style => "notice",
    };
    let Region { start, end } = file.region(finding);
    let name = property(super::relative(file.name()));
    let mut out = format!(
        "::{level} file={name},line={},endLine={},col={}",
        start.line, end.line, start.column
    );
    // GitHub only accepts columns for annotations of a single line.
    if start.line == end.line && start.column < end.column {
        let _ = write!(out, ",endColumn={}", end.column);
    }
    let title = property(&super::id(finding));
    let _ = writeln!(out, ",title={title}::{}", data(&super::full_text(finding)));
    out
}

/// The text of a command. A line break would end it, and `%` begins an escape. Control characters
/// are escaped too, as GitHub's log viewer interprets colors.
fn data(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| {
            let line = line.replace('%', "%25").replace('\r', "%0D");
            escape(&line).into_owned()
        })
        .collect();
    lines.join("%0A")
}

/// The value of a property, which would also end at a colon or a comma.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_end_a_workflow_command_early() {
        assert_eq!(data("50%: a,\nb"), "50%25: a,%0Ab");
        assert_eq!(property("a,b:c%\r\n"), "a%2Cb%3Ac%25%0D%0A");
        assert_eq!(data("\u{1b}[8m\u{202e}##[x]"), r"\x1b[8m\u{202e}\x23#[x]");
    }
}
