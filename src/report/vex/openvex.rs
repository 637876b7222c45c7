//! `OpenVEX` 0.2.0. Source: <https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md>.

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::inspect_json::{HashWriter, Sequence, pretty};
use super::super::sbom::{TOOL, VERSION};
use super::{Statement, Status, Vex, action};
use crate::hash::hex;

/// A document about the slimmed image as the product, with packages as its subcomponents.
pub fn openvex(vex: &Vex<'_>) -> String {
    let statements = Sequence(|| vex.statements.iter().map(|one| statement(vex, one)));
    let time = vex.time.to_string();
    // The identifier depends on the statements, because the version number does not change.
    let mut hash = HashWriter(Sha256::new());
    for text in [&vex.image, &time] {
        hash.0.update(text);
        hash.0.update([0]);
    }
    serde_json::to_writer(&mut hash, &statements).expect("values always serialize");
    hash.0.update([0]);
    let digest: [u8; 32] = hash.0.finalize().into();
    pretty(&Document {
        context: "https://openvex.dev/ns/v0.2.0",
        id: format!("https://openvex.dev/docs/public/vex-{}", hex(&digest)),
        author: TOOL,
        timestamp: time,
        version: 1,
        tooling: format!("{TOOL} {VERSION}"),
        statements,
    })
}

#[derive(Serialize)]
struct Document<S> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@id")]
    id: String,
    author: &'static str,
    timestamp: String,
    version: u8,
    tooling: String,
    statements: S,
}

fn statement(vex: &Vex<'_>, statement: &Statement<'_>) -> Value {
    let mut vulnerability = json!({ "name": statement.vulnerability.id });
    if !statement.vulnerability.summary.is_empty() {
        vulnerability["description"] = statement.vulnerability.summary.as_str().into();
    }
    if !statement.vulnerability.names.is_empty() {
        vulnerability["aliases"] = statement.vulnerability.names.clone().into();
    }
    let subcomponents: Vec<Value> = statement
        .purls()
        .into_iter()
        .map(|purl| json!({"@id": purl, "identifiers": {"purl": purl}}))
        .collect();
    let mut value = json!({
        "vulnerability": vulnerability,
        "products": [{
            "@id": vex.image,
            "identifiers": {"purl": vex.image},
            "subcomponents": subcomponents,
        }],
        "status": match statement.status {
            Status::Affected => "affected",
            Status::Unclear => "under_investigation",
            Status::NoCode | Status::Removed => "not_affected",
        },
        "status_notes": statement.detail,
    });
    // The specification requires an action for `affected`, and a justification for `not_affected`.
    match statement.status {
        Status::Affected => value["action_statement"] = action(statement.vulnerability).into(),
        Status::Removed => value["justification"] = "component_not_present".into(),
        Status::NoCode => value["justification"] = "vulnerable_code_not_present".into(),
        Status::Unclear => {}
    }
    value
}
