//! SonarQube's generic issue format for versions 10.3 and later.
//!
//! See "Generic issue import format" in the documentation of SonarQube,
//! <https://docs.sonarsource.com/sonarqube-server/>.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::input::Region;
use super::{Linted, Report, help};
use crate::lint::{Category, Finding, Page, Severity};
use crate::source::Utf16Position;

/// An object with the findings and their rules.
pub(super) fn sonarqube(report: &Report<'_>) -> impl Iterator<Item = String> {
    let mut rules: BTreeMap<String, Value> = BTreeMap::new();
    for finding in report.findings() {
        let id = super::id(finding);
        if let Some(page) = report.registry.get(finding.rule) {
            rules
                .entry(id.to_string())
                .or_insert_with(|| rule(&id, finding, page));
        }
    }
    let rules: Vec<Value> = rules.into_values().collect();
    let issues = report
        .placed()
        .map(|(file, finding)| format!("{:#}", issue(file, finding)));
    super::json::with_list(&json!({ "rules": rules, "issues": [] }), issues, 4)
}

fn issue(file: &Linted, finding: &Finding) -> Value {
    let labels = file.labels(finding).map(|(source, label)| {
        let region = Region::of_utf16(source, label.span);
        location(source.name(), region, &label.message)
    });
    json!({
        "ruleId": super::id(finding),
        "primaryLocation": location(
            file.name(),
            file.region_utf16(finding),
            &super::full_text(finding),
        ),
        "secondaryLocations": labels.collect::<Vec<_>>(),
    })
}

fn rule(id: &str, finding: &Finding, page: &Page) -> Value {
    let (quality, attribute, kind) = match page.category {
        Category::Security | Category::Minimal => ("SECURITY", "TRUSTWORTHY", "VULNERABILITY"),
        Category::Correctness | Category::Shell => ("RELIABILITY", "LOGICAL", "BUG"),
        Category::Reproducibility => ("RELIABILITY", "COMPLETE", "BUG"),
        Category::Size => ("MAINTAINABILITY", "EFFICIENT", "CODE_SMELL"),
        Category::Style => ("MAINTAINABILITY", "CONVENTIONAL", "CODE_SMELL"),
    };
    // SonarQube before 10.8 only accepts these three impacts and rejects the file otherwise.
    let (impact, severity) = match finding.severity {
        Severity::Error => ("HIGH", "CRITICAL"),
        Severity::Warning => ("MEDIUM", "MAJOR"),
        Severity::Info => ("LOW", "MINOR"),
        Severity::Style => ("LOW", "INFO"),
    };
    json!({
        "id": id,
        "name": page.title,
        "description": help::markdown(page),
        "engineId": "jettison",
        "cleanCodeAttribute": attribute,
        "type": kind,
        "severity": severity,
        "impacts": [{ "softwareQuality": quality, "severity": impact }],
    })
}

/// A location; lines are counted from 1, columns from 0 in UTF-16 code units.
fn location(name: &str, region: Region<Utf16Position>, message: &str) -> Value {
    let Region { start, end } = region;
    // SonarQube rejects an empty range, but accepts a line without columns.
    let range = if start < end {
        json!({
            "startLine": start.line + 1,
            "endLine": end.line + 1,
            "startColumn": start.character,
            "endColumn": end.character,
        })
    } else {
        json!({ "startLine": start.line + 1 })
    };
    json!({ "message": message, "filePath": super::relative(name), "textRange": range })
}
