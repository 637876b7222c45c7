//! JUnit XML: a suite for each file, with a failed test for each finding.

use super::xml::Xml;
use super::{Linted, Report};

/// All suites. Times are 0, so that the same findings result in the same report.
pub(super) fn junit(report: &Report<'_>) -> String {
    let tests: usize = report.files.iter().map(tests).sum();
    let failures = report.findings().count();
    let mut xml = Xml::new();
    xml.start(
        "testsuites",
        &counts("jettison", tests, failures)
            .each_ref()
            .map(|(name, value)| (*name, &**value)),
    );
    for file in report.files {
        suite(&mut xml, file);
    }
    xml.end("testsuites");
    xml.into_text()
}

/// The number of tests in a suite. A file without findings has one passed test, because readers
/// drop empty suites, as if the file had not been checked.
fn tests(file: &Linted) -> usize {
    file.findings.len().max(1)
}

fn counts(name: &str, tests: usize, failures: usize) -> [(&'static str, String); 5] {
    [
        ("name", name.to_owned()),
        ("tests", tests.to_string()),
        ("failures", failures.to_string()),
        // In JUnit's terms, a finding is a failed assertion, not a test error.
        ("errors", "0".to_owned()),
        ("time", "0".to_owned()),
    ]
}

fn suite(xml: &mut Xml, file: &Linted) {
    let name = file.name();
    let counts = counts(name, tests(file), file.findings.len());
    xml.start(
        "testsuite",
        &counts.each_ref().map(|(name, value)| (*name, &**value)),
    );
    if file.findings.is_empty() {
        xml.empty(
            "testcase",
            &[("name", "no findings"), ("classname", name), ("time", "0")],
        );
    }
    for finding in &file.findings {
        let place = file.region(finding).start;
        let (line, id) = (place.line.to_string(), super::id(finding));
        // GitLab shows only the first of several tests with the same name, so the name contains the
        // location.
        let case = format!("{id} at {line}:{}", place.column);
        xml.start(
            "testcase",
            &[
                ("name", &case),
                ("classname", name),
                ("file", name),
                ("line", &line),
                ("time", "0"),
            ],
        );
        xml.start(
            "failure",
            &[
                ("type", finding.severity.as_str()),
                ("message", &finding.message),
            ],
        );
        // Some readers show only the text of the element, others only its attributes.
        let first = format!("{name}:{line}:{}: {}", place.column, finding.message);
        let url = super::url(finding);
        let notes = Linted::notes(finding);
        let mut lines = vec![first.as_str()];
        lines.extend(notes.iter().map(String::as_str));
        lines.push(&url);
        xml.text(&lines);
        xml.end("failure");
        xml.end("testcase");
    }
    xml.end("testsuite");
}
