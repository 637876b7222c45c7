//! Dockerfiles: parsed, linted with every rule, reported in every format, and fixed.

use jettison::dockerfile::parse;
use jettison::lint::{Applicability, Finding, Selection, Settings, fix, lint};
use jettison::report::{Excerpts, Format, Linted, Report, Style};
use jettison::rules::registry;
use jettison::source::Source;

pub(crate) fn run(bytes: &[u8]) {
    let source = Source::new("Dockerfile", bytes);
    let file = parse(&source);
    let mut end = 0;
    for token in &file.tokens {
        assert_eq!(token.span.start, end, "tokens leave no gap");
        end = token.span.end;
    }
    assert_eq!(end, source.text().len(), "tokens reach the end");

    let settings = Settings {
        select: Selection::ALL,
        ..Settings::default()
    };
    let findings = lint(&source, registry(), &settings);
    check_places(&source, &findings);
    check_reports(&source, findings);
    check_fixes(&source, &settings);
}

fn check_places(source: &Source, findings: &[Finding]) {
    for finding in findings {
        let labels = finding.labels.iter().filter(|label| label.file.is_none());
        let spans = labels.map(|label| label.span).chain(finding.span());
        let edits = finding.fix.iter().flat_map(|fix| &fix.edits);
        for span in spans.chain(edits.map(|edit| edit.span)) {
            let inside = source.text().get(span.range());
            assert!(inside.is_some(), "{} at {span:?}", finding.rule);
        }
    }
}

/// Reports with more findings would take too long.
const REPORTED: usize = 50;

fn check_reports(source: &Source, mut findings: Vec<Finding>) {
    findings.truncate(REPORTED);
    let files = [Linted::dockerfile(source.clone(), findings)];
    let report = Report {
        compliance: None,
        files: &files,
        registry: registry(),
    };
    let style = Style {
        color: true,
        width: 80,
        unicode: true,
        links: true,
        excerpts: Excerpts::All,
    };
    for format in Format::ALL {
        let rendered = format.render(&report, style);
        if matches!(
            format,
            Format::Json | Format::Sarif | Format::Gitlab | Format::Sonarqube
        ) {
            let mut text = Vec::new();
            rendered.write(&mut text).expect("memory can be written to");
            crate::sample::check_json(&String::from_utf8_lossy(&text));
        }
    }
}

/// Checks that fixes converge and break nothing.
fn check_fixes(source: &Source, settings: &Settings) {
    for max in [Applicability::Safe, Applicability::Unsafe] {
        let Some(fixed) = fix::apply_all(source, registry(), settings, max) else {
            continue;
        };
        let errors = (parse(source).errors.len(), parse(&fixed).errors.len());
        assert!(errors.1 <= errors.0, "a fix broke {:?}", fixed.text());
        let again = fix::apply_all(&fixed, registry(), settings, max);
        assert!(
            again.is_none(),
            "fixes do not converge on {:?}",
            fixed.text()
        );
    }
}
