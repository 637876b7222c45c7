//! What an engine of Code Climate prints: issues as JSON objects, each ended by a null byte.
//!
//! See <https://github.com/codeclimate/platform/blob/master/spec/analyzers/SPEC.md>.

use serde_json::{Value, json};

use super::{Report, help};
use crate::lint::{Category, Label};
use crate::source::{Source, Span};

/// An object and a null byte for each finding.
pub(super) fn codeclimate(report: &Report<'_>) -> String {
    let mut out = String::new();
    for (source, finding, fingerprint) in report.fingerprinted() {
        let name = super::relative(source.name());
        let page = report.registry.get(finding.rule);
        let labels: Vec<Value> = finding
            .labels
            .iter()
            .map(|label| labelled(source, label))
            .collect();
        let mut row = json!({
            "type": "issue",
            "check_name": super::id(finding),
            "description": super::said(finding),
            "content": { "body": page.map(help::markdown).unwrap_or_default() },
            "categories": page.map(|page| category(page.category)),
            "location": location(source, name, finding.span),
            "severity": super::gitlab::severity(finding.severity),
            "fingerprint": super::fingerprint::of_file(name, &fingerprint),
        });
        if !labels.is_empty() {
            row["trace"] = json!({ "locations": labels, "stacktrace": false });
        }
        out.push_str(&super::json::escaped(row.to_string()));
        out.push('\0');
    }
    out
}

fn labelled(source: &Source, label: &Label) -> Value {
    let source = label.source(source);
    location(source, super::relative(source.name()), label.span)
}

fn location(source: &Source, name: &str, span: Span) -> Value {
    let position = |offset| {
        let place = source.position(offset);
        json!({ "line": place.line, "column": place.column })
    };
    json!({ "path": name, "positions": { "begin": position(span.start), "end": position(span.end) } })
}

fn category(category: Category) -> [&'static str; 1] {
    [match category {
        Category::Correctness | Category::Shell => "Bug Risk",
        Category::Security | Category::Minimal => "Security",
        Category::Reproducibility => "Compatibility",
        Category::Size => "Performance",
        Category::Style => "Style",
    }]
}
