//! `CycloneDX` 1.6 as JSON. Source: <https://cyclonedx.org/docs/1.6/json/>.

use serde::Serialize;
use serde_json::{Value, json};

use super::super::inspect_json::{Sequence, pretty};
use super::{Bill, TOOL, VERSION, expression};
use crate::hash::hex;
use crate::packages::Package;

/// An SBOM whose components are the packages and the distribution of the image.
pub fn cyclonedx(bill: &Bill<'_>) -> String {
    let components = || {
        let packages = bill.packages.iter().enumerate();
        let packages = packages.map(|(row, package)| component(row, package));
        packages.chain(distribution(bill))
    };
    pretty(&Document {
        schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: format!("urn:uuid:{}", identifier(bill.hash())),
        version: 1,
        metadata: json!({
            "timestamp": bill.time.to_string(),
            "tools": {"components": [{"type": "application", "name": TOOL, "version": VERSION}]},
            "component": {"type": "container", "bom-ref": "image", "name": bill.name},
        }),
        components: Sequence(components),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<C> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    serial_number: String,
    version: u8,
    metadata: Value,
    components: C,
}

/// A UUID derived from a hash, so that the same document gets the same UUID. RFC 9562 leaves the
/// contents of version 8 to the application.
pub(in super::super) fn identifier(hash: [u8; 32]) -> String {
    let mut bytes: Vec<u8> = hash[..16].to_vec();
    // Version 8, and the variant of the RFC.
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex(&bytes);
    format!(
        "{}-{}-{}-{}-{}",
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..]
    )
}

fn component(row: usize, package: &Package) -> Value {
    // CycloneDX has a separate field for the group in a Maven package's name.
    let (group, name) = match package.name.rsplit_once(':') {
        Some((group, name)) if package.ecosystem.as_str() == "maven" => (Some(group), name),
        _ => (None, package.name.as_str()),
    };
    let cpe = package.cpe();
    let mut component = json!({
        "type": if cpe.is_some() { "application" } else { "library" },
        // References are unique, and a package can be installed twice, such as below two
        // `node_modules`.
        "bom-ref": format!("{}#{row}", package.purl),
        "name": name,
        "version": package.version,
        "purl": package.purl,
    });
    if let Some(group) = group {
        component["group"] = group.into();
    }
    if let Some(cpe) = cpe {
        component["cpe"] = cpe.into();
    }
    // The schema only accepts SPDX expressions as expressions; any other text is the name of a
    // license.
    if let Some(expression) = expression(package) {
        component["licenses"] = json!([{"expression": expression}]);
    } else if let Some(license) = &package.license {
        component["licenses"] = json!([{"license": {"name": license}}]);
    }
    let mut properties = Vec::new();
    if let Some((name, version)) = &package.source {
        properties.push(json!({"name": "jettison:source", "value": format!("{name} {version}")}));
    }
    if !properties.is_empty() {
        component["properties"] = properties.into();
    }
    component
}

fn distribution(bill: &Bill<'_>) -> Option<Value> {
    let distribution = bill.distribution;
    // An image built from `scratch` has no `os-release`.
    if distribution.id.is_empty() {
        return None;
    }
    Some(json!({
        "type": "operating-system",
        "bom-ref": format!("os:{}", distribution.id),
        "name": distribution.id,
        "version": distribution.version_id,
        "description": distribution.pretty_name,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_has_the_version_and_variant_of_a_uuid() {
        assert_eq!(
            identifier([0xff; 32]),
            "ffffffff-ffff-8fff-bfff-ffffffffffff"
        );
    }
}
