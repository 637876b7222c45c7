//! VEX as `CycloneDX` 1.6. Source: <https://cyclonedx.org/docs/1.6/json/#vulnerabilities>.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::super::inspect_json::{Sequence, json_hash, pretty};
use super::super::sbom::{TOOL, VERSION, identifier};
use super::{Statement, Status, Vex, action};
use crate::advisories::VulnerabilitySeverity;
use crate::packages::Package;

/// A document whose components are the packages with known vulnerabilities.
pub fn cyclonedx_vex(vex: &Vex<'_>) -> String {
    // A package may have many vulnerabilities, but references are unique.
    let packages: BTreeMap<&str, &Package> = vex
        .statements
        .iter()
        .flat_map(|statement| &statement.packages)
        .map(|package| (package.purl.as_str(), *package))
        .collect();
    let components = || packages.values().map(|package| component(package));
    let vulnerabilities = || vex.statements.iter().map(vulnerability);
    let mut document = Document {
        schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: String::new(),
        version: 1,
        metadata: json!({
            "timestamp": vex.time.to_string(),
            "tools": {"components": [{"type": "application", "name": TOOL, "version": VERSION}]},
            "component": {
                "type": "container",
                "bom-ref": "image",
                "name": vex.image,
                "purl": vex.image,
            },
        }),
        components: Sequence(components),
        vulnerabilities: Sequence(vulnerabilities),
    };
    // The serial number is a hash of the rest, so it changes with the document and only then.
    let hash = json_hash(&document);
    document.serial_number = format!("urn:uuid:{}", identifier(hash));
    pretty(&document)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<C, V> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    serial_number: String,
    version: u8,
    metadata: Value,
    components: C,
    vulnerabilities: V,
}

fn component(package: &Package) -> Value {
    let Package {
        purl,
        name,
        version,
        ..
    } = package;
    json!({
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
    })
}

fn vulnerability(statement: &Statement<'_>) -> Value {
    let known = statement.vulnerability;
    let affects: Vec<Value> = statement
        .purls()
        .into_iter()
        .map(|purl| json!({ "ref": purl }))
        .collect();
    let references = known
        .names
        .iter()
        .map(|name| json!({"id": name, "source": {"name": "OSV", "url": "https://osv.dev"}}));
    let mut analysis = json!({
        "state": match statement.status {
            Status::Affected => "exploitable",
            // Neither exploitable nor ruled out; someone has to decide.
            Status::Unclear => "in_triage",
            Status::NoCode | Status::Removed => "not_affected",
        },
        "detail": statement.detail,
    });
    // A justification is only allowed for `not_affected`, and a response for the others.
    if statement.status.is_over() {
        analysis["justification"] = "code_not_present".into();
    } else if known.fixed.is_some() {
        analysis["response"] = json!(["update"]);
    }
    let mut value = json!({
        "id": known.id,
        "source": {"name": "OSV", "url": format!("https://osv.dev/vulnerability/{}", known.id)},
        "references": references.collect::<Vec<_>>(),
        "ratings": known.severity.iter().map(rating).collect::<Vec<_>>(),
        "description": known.summary,
    });
    if !statement.status.is_over() {
        value["recommendation"] = action(known).into();
    }
    value["analysis"] = analysis;
    value["affects"] = affects.into();
    value
}

fn rating(severity: &VulnerabilitySeverity) -> Value {
    let mut value = json!({ "severity": severity.rating.as_str() });
    if let Some((score, vector)) = &severity.cvss {
        value["score"] = (*score).into();
        value["method"] = match vector {
            vector if vector.starts_with("CVSS:4") => "CVSSv4",
            vector if vector.starts_with("CVSS:3.1") => "CVSSv31",
            // Vectors of version 2 have no prefix.
            vector if vector.starts_with("CVSS:3") => "CVSSv3",
            _ => "CVSSv2",
        }
        .into();
        value["vector"] = vector.as_str().into();
    }
    value
}
