//! Output of a Code Climate engine: issues as JSON objects, each ended by a null byte.
//!
//! See <https://github.com/codeclimate/platform/blob/master/spec/analyzers/SPEC.md>.

use serde_json::{Value, json};

use super::input::Region;
use super::{Linted, Report, help};
use crate::lint::{Category, Finding, Page};

/// An object and a null byte for each finding.
pub(super) fn codeclimate(report: &Report<'_>) -> impl Iterator<Item = String> {
    report.fingerprinted().map(|(file, finding, fingerprint)| {
        let page = report.registry.get(finding.rule);
        let issue = issue(file, finding, &fingerprint, page);
        // Issues are separated by null bytes, because their text may contain line breaks.
        super::json::escaped(issue.to_string()) + "\0"
    })
}

fn issue(file: &Linted, finding: &Finding, fingerprint: &str, page: Option<&Page>) -> Value {
    let name = super::relative(file.name());
    let labels: Vec<Value> = file
        .labels(finding)
        .map(|(source, label)| {
            let region = Region::of(source, label.span);
            location(super::relative(source.name()), region)
        })
        .collect();
    let mut issue = json!({
        "type": "issue",
        "check_name": super::id(finding),
        "description": super::full_text(finding),
        "content": { "body": page.map(help::markdown).unwrap_or_default() },
        "categories": page.map(|page| category(page.category)),
        "location": location(name, file.region(finding)),
        "severity": super::gitlab::severity(finding.severity),
        "fingerprint": super::fingerprint::of_file(name, fingerprint),
    });
    // A trace without locations would violate the specification.
    if !labels.is_empty() {
        issue["trace"] = json!({ "locations": labels, "stacktrace": false });
    }
    issue
}

fn location(name: &str, region: Region) -> Value {
    let Region { start, end } = region;
    json!({
        "path": name,
        "positions": {
            "begin": { "line": start.line, "column": start.column },
            "end": { "line": end.line, "column": end.column },
        },
    })
}

/// The closest of Code Climate's fixed categories.
fn category(category: Category) -> [&'static str; 1] {
    [match category {
        Category::Correctness | Category::Shell => "Bug Risk",
        Category::Security | Category::Minimal => "Security",
        Category::Reproducibility => "Compatibility",
        Category::Size => "Performance",
        Category::Style => "Style",
    }]
}
