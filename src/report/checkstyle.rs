//! Checkstyle's XML, which Jenkins, reviewdog and many other tools read.

use super::Report;
use super::xml::Xml;
use crate::lint::Severity;

/// A `file` element for each checked file, with an `error` element for each finding in it.
pub(super) fn checkstyle(report: &Report<'_>) -> String {
    let mut xml = Xml::new();
    // The format version that readers expect; the format has not changed since.
    xml.start("checkstyle", &[("version", "4.3")]);
    for file in report.files {
        xml.start("file", &[("name", file.name())]);
        for finding in &file.findings {
            // The format has no field for the end of a range.
            let place = file.region(finding).start;
            let attributes = [
                ("line", &*place.line.to_string()),
                ("column", &*place.column.to_string()),
                ("severity", severity(finding.severity)),
                ("message", &super::full_text(finding)),
                // Jenkins uses the part after the last dot as the rule, and groups by the others.
                ("source", &format!("jettison.{}", super::id(finding))),
            ];
            xml.empty("error", &attributes);
        }
        xml.end("file");
    }
    xml.end("checkstyle");
    xml.into_text()
}

/// Checkstyle's level. Below `info` it has only `ignore`, and readers drop such errors.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Style => "info",
    }
}
