//! SARIF 2.1.0, which GitHub code scanning, Azure DevOps and many viewers read.
//!
//! See <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::input::Region;
use super::{Linted, Report, help};
use crate::lint::{Finding, Fix, Label, Page, Severity, Standard};
use crate::source::Source;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// Name of the directory that paths are relative to. GitHub and other readers replace it with the
/// root of the repository.
const ROOT: &str = "SRCROOT";

/// One run: the findings with their fixes and fingerprints, and their rules with pages as help.
pub(super) fn sarif(report: &Report<'_>) -> impl Iterator<Item = String> {
    // Results also refer to their rules by index, which saves readers a search.
    let rules = rules(report);
    let places: BTreeMap<String, usize> = rules.keys().cloned().zip(0..).collect();
    let mut run = json!({
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
    });
    if let Some(compliance) = report.compliance {
        run["taxonomies"] = json!([taxonomy(compliance.standard)]);
    }
    // Results are written into it one by one, so it is the last value.
    run["results"] = json!([]);
    let log = json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] });
    let results = report
        .fingerprinted()
        .map(move |(file, finding, fingerprint)| {
            let place = places.get(&*super::id(finding)).copied();
            let result = result(report, file, finding, &fingerprint, place);
            serde_json::to_string_pretty(&result).expect("a tree always serializes")
        });
    super::json::with_list(&log, results, 8)
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

/// A result. Its fix may have a hundred thousand edits, which would take 100 MB as values.
#[derive(Serialize)]
struct SarifResult<'a> {
    #[serde(flatten)]
    facts: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixes: Option<[SarifFix<'a>; 1]>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifFix<'a> {
    description: Text<'a>,
    artifact_changes: [ArtifactChange<'a>; 1],
    properties: Properties,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange<'a> {
    artifact_location: Value,
    replacements: Vec<Replacement<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement<'a> {
    deleted_region: SarifRegion,
    inserted_content: Text<'a>,
}

/// A region, whose end is the place after its last character.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifRegion {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
struct Text<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct Properties {
    applicability: &'static str,
}

fn result<'a>(
    report: &Report<'_>,
    file: &'a Linted,
    finding: &'a Finding,
    fingerprint: &str,
    rule: Option<usize>,
) -> SarifResult<'a> {
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
    if let Some(flow) = provenance(file, finding) {
        result["codeFlows"] = json!([{ "threadFlows": [{ "locations": flow }] }]);
    }
    if let Some(compliance) = report.compliance {
        let name = &compliance.standard.name;
        let taxa = report
            .requirements(finding)
            .map(|one| json!({ "id": one.id, "toolComponent": { "name": name, "index": 0 } }));
        result["taxa"] = taxa.collect();
    }
    // An empty list would be valid, but large reports have thousands of findings.
    if !finding.labels.is_empty() {
        result["relatedLocations"] = file
            .labels(finding)
            .map(|(source, label)| related(source, label))
            .collect();
    }
    let fixes = match (&finding.fix, file.source()) {
        (Some(fix), Some(source)) => Some([fix_object(source, fix)]),
        _ => None,
    };
    SarifResult {
        facts: result,
        fixes,
    }
}

/// The way of a file into an image, as a code flow: the step of the history that added it, its
/// layer, its package, and the file.
fn provenance(file: &Linted, finding: &Finding) -> Option<Vec<Value>> {
    let image = finding.image()?;
    let (provenance, path) = (image.provenance.as_ref()?, image.path.as_ref()?);
    let path = path.escape_ascii().to_string();
    let step = match &*provenance.created_by {
        "" => "added by a step that the history does not name".to_owned(),
        created_by => format!("added by `{}`", super::input::one_line(created_by)),
    };
    let mut flow = vec![json!({
        "location": {
            "message": { "text": step },
            "physicalLocation": location(file.name(), file.region(finding)),
        },
    })];
    if let Some(layer) = provenance.layer {
        flow.push(logical(
            &format!("layer {layer}"),
            "layer",
            "the layer that contains the file",
        ));
    }
    if let Some(package) = &image.package {
        flow.push(logical(
            package,
            "package",
            "the package that the file belongs to",
        ));
    }
    flow.push(logical(&path, "file", &finding.message));
    Some(flow)
}

fn logical(name: &str, kind: &str, message: &str) -> Value {
    json!({
        "location": {
            "message": { "text": message },
            "logicalLocations": [{ "fullyQualifiedName": name, "kind": kind }],
        },
    })
}

/// The standard by whose requirements the findings are grouped.
fn taxonomy(standard: &Standard) -> Value {
    let requirements = standard.requirements.iter();
    let taxa =
        requirements.map(|one| json!({ "id": one.id, "shortDescription": { "text": one.title } }));
    json!({
        "name": standard.name,
        "fullName": standard.title,
        "informationUri": standard.source,
        "taxa": taxa.collect::<Vec<_>>(),
    })
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

fn region(Region { start, end }: Region) -> SarifRegion {
    SarifRegion {
        start_line: start.line,
        start_column: start.column,
        end_line: end.line,
        end_column: end.column,
    }
}

fn fix_object<'a>(source: &Source, fix: &'a Fix) -> SarifFix<'a> {
    let replacements = fix
        .edits
        .iter()
        .map(|edit| Replacement {
            deleted_region: region(Region::of(source, edit.span)),
            inserted_content: Text {
                text: &edit.replacement,
            },
        })
        .collect();
    SarifFix {
        description: Text { text: &fix.title },
        artifact_changes: [ArtifactChange {
            artifact_location: artifact(source.name()),
            replacements,
        }],
        properties: Properties {
            applicability: fix.applicability.as_str(),
        },
    }
}
