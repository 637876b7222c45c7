//! SARIF 2.1.0, which GitHub code scanning, Azure DevOps and many viewers read.
//!
//! See <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::input::Region;
use super::{Linted, Report, help};
use crate::lint::{Finding, Fix, Label, Page, Severity};
use crate::source::Source;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// Name of the directory that paths are relative to. GitHub and other readers replace it with the
/// root of the repository.
const ROOT: &str = "SRCROOT";

/// One run: the findings with their fixes and fingerprints, and their rules with pages as help.
pub(super) fn sarif(report: &Report<'_>) -> String {
    // Results also refer to their rules by index, which saves readers a search.
    let rules = rules(report);
    let places: BTreeMap<&str, usize> = rules
        .keys()
        .enumerate()
        .map(|(at, id)| (id.as_str(), at))
        .collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "jettison",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": concat!("https://docs.rs/crate/", env!("CARGO_PKG_NAME")),
                "rules": rules.values().collect::<Vec<_>>(),
            }},
            // Columns count characters, not bytes or UTF-16 code units.
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {
                ROOT: { "description": { "text": "the directory that was checked" } }
            },

            "invocations": [{ "executionSuccessful": true }],
            "results": [],
        }],
    });
    let log = format!("{log:#}\n");
    // The results come last. As a single value, those of a hostile file would exhaust the memory.
    let (before, after) = log.rsplit_once("[]").unwrap_or((log.as_str(), ""));
    let mut out = before.to_owned();
    out.push('[');
    for (index, (file, finding, fingerprint)) in report.fingerprinted().enumerate() {
        let place = places.get(&*super::id(finding)).copied();
        let result = format!("\n{:#}", result(file, finding, &fingerprint, place));
        out.push_str(if index == 0 { "" } else { "," });
        out.push_str(&result.replace('\n', "\n        "));
    }
    out.push_str(if out.ends_with('[') { "]" } else { "\n      ]" });
    out.push_str(after);
    super::json::escaped(out)
}

/// The rules with findings, by identifier. All rules with their pages would make up most of the
/// file, for which GitHub has a limit of 10 MB.
fn rules(report: &Report<'_>) -> BTreeMap<String, Value> {
    let mut rules = BTreeMap::new();
    for finding in report.findings() {
        // Without a page, there is no description of the rule.
        let Some(page) = report.registry.get(finding.rule) else {
            continue;
        };
        let id = super::id(finding);
        rules
            .entry(id.to_string())
            .or_insert_with(|| rule(&id, finding, page));
    }
    rules
}

fn rule(id: &str, finding: &Finding, page: &Page) -> Value {
    let markdown = help::markdown(page);
    let aliases: Vec<&str> = page.aliases.iter().map(|alias| alias.code).collect();
    json!({
        "id": id,
        "name": pascal(id),
        "shortDescription": { "text": page.title },
        "fullDescription": { "text": help::summary(page) },
        "help": { "text": markdown, "markdown": markdown },
        "helpUri": super::url(finding),
        "defaultConfiguration": { "level": level(page.severity) },
        "properties": {
            "tags": [page.category.as_str(), "dockerfile"],
            // GitHub sorts alerts by precision; rules that guess are not in the default profile.
            "precision": "high",
            "problem.severity": problem(page.severity),
            "aliases": aliases,
        },
    })
}

/// The name of a rule in Pascal case, `RootUser` for `root-user`, as expected by SARIF readers.
fn pascal(id: &str) -> String {
    let mut name = String::with_capacity(id.len());
    for word in id.split('-') {
        for (index, letter) in word.chars().enumerate() {
            name.push(if index == 0 {
                letter.to_ascii_uppercase()
            } else {
                letter
            });
        }
    }
    name
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        // SARIF has no level below `note` but `none`, which viewers hide.
        Severity::Info | Severity::Style => "note",
    }
}

/// GitHub's severity of a rule, by which it sorts and filters alerts.
fn problem(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Style => "recommendation",
    }
}

fn result(file: &Linted, finding: &Finding, fingerprint: &str, rule: Option<usize>) -> Value {
    let mut result = json!({
        "ruleId": super::id(finding),
        "level": level(finding.severity),
        "message": { "text": super::full_text(finding) },
        "locations": [{ "physicalLocation": location(file.name(), file.region(finding)) }],
        "partialFingerprints": { "jettison/v1": fingerprint },
    });
    if let Some(place) = rule {
        result["ruleIndex"] = place.into();
    }
    // An empty list would be valid, but large reports have thousands of findings.
    if !finding.labels.is_empty() {
        result["relatedLocations"] = file
            .labels(finding)
            .map(|(source, label)| related(source, label))
            .collect();
    }
    if let (Some(fix), Some(source)) = (&finding.fix, file.source()) {
        result["fixes"] = json!([fix_object(source, fix)]);
    }
    result
}

fn related(source: &Source, label: &Label) -> Value {
    json!({
        "message": { "text": label.message },
        "physicalLocation": location(source.name(), Region::of(source, label.span)),
    })
}

fn location(name: &str, at: Region) -> Value {
    json!({ "artifactLocation": artifact(name), "region": region(at) })
}

fn artifact(name: &str) -> Value {
    let uri = super::uri(name);
    // Only a relative URI may have a base.
    if uri.starts_with("file:") {
        json!({ "uri": uri })
    } else {
        json!({ "uri": uri, "uriBaseId": ROOT })
    }
}

/// A region, whose end is exclusive.
fn region(Region { start, end }: Region) -> Value {
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

fn fix_object(source: &Source, fix: &Fix) -> Value {
    let replacements: Vec<Value> = fix
        .edits
        .iter()
        .map(|edit| {
            json!({
                "deletedRegion": region(Region::of(source, edit.span)),
                "insertedContent": { "text": edit.replacement },
            })
        })
        .collect();
    json!({
        "description": { "text": fix.title },
        "artifactChanges": [{
            "artifactLocation": artifact(source.name()),
            "replacements": replacements,
        }],
        "properties": { "applicability": fix.applicability.as_str() },
    })
}
