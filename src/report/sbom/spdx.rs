//! SPDX 2.3 as JSON. Source: <https://spdx.github.io/spdx-spec/v2.3/>.

use serde::Serialize;
use serde_json::{Value, json};

use super::super::inspect_json::{Sequence, pretty};
use super::{Bill, TOOL, VERSION, expression};
use crate::hash::hex;
use crate::packages::Package;

const IMAGE: &str = "SPDXRef-Image";

/// A document that describes the image, which contains the packages.
pub fn spdx(bill: &Bill<'_>) -> String {
    let packages = || {
        let packages = bill.packages.iter().enumerate();
        let packages = packages.map(|(row, package)| element(bill, row, package));
        std::iter::once(image(bill)).chain(packages)
    };
    let relationships = || {
        let packages = bill.packages.iter().enumerate();
        let contained = packages.map(|(row, package)| {
            json!({
                "spdxElementId": IMAGE,
                "relationshipType": "CONTAINS",
                "relatedSpdxElement": identifier(row, package),
            })
        });
        std::iter::once(description()).chain(contained)
    };
    pretty(&Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: "SPDXRef-DOCUMENT",
        name: bill.name,
        document_namespace: format!("https://spdx.org/spdxdocs/{TOOL}-{}", hex(&bill.hash())),
        creation_info: json!({
            "created": bill.time.to_string(),
            "creators": [format!("Tool: {TOOL}-{VERSION}")],
        }),
        packages: Sequence(packages),
        relationships: Sequence(relationships),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_field_names,
    reason = "the names are those of the specification"
)]
struct Document<'a, P, R> {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: &'a str,
    document_namespace: String,
    creation_info: Value,
    packages: P,
    relationships: R,
}

fn image(bill: &Bill<'_>) -> Value {
    json!({
        "SPDXID": IMAGE,
        "name": bill.name,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": false,
        "primaryPackagePurpose": "CONTAINER",
    })
}

/// A document must describe an element; here it is the image, which contains the packages.
fn description() -> Value {
    json!({
        "spdxElementId": "SPDXRef-DOCUMENT",
        "relationshipType": "DESCRIBES",
        "relatedSpdxElement": IMAGE,
    })
}

/// The identifier of a package in the document. SPDX allows only letters, digits, dots and hyphens
/// in it; the row makes it unique.
fn identifier(row: usize, package: &Package) -> String {
    let mut name = String::with_capacity(package.name.len());
    for letter in package.name.chars() {
        let is_allowed = letter.is_ascii_alphanumeric() || letter == '.';
        name.push(if is_allowed { letter } else { '-' });
    }
    format!("SPDXRef-Package-{}-{name}-{row}", package.ecosystem)
}

fn element(bill: &Bill<'_>, row: usize, package: &Package) -> Value {
    let mut element = json!({
        "SPDXID": identifier(row, package),
        "name": package.name,
        "versionInfo": package.version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": false,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": expression(package).unwrap_or("NOASSERTION"),
        "copyrightText": "NOASSERTION",
        "externalRefs": [{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": package.purl,
        }],
    });
    if let (Some(cpe), Some(references)) = (package.cpe(), element["externalRefs"].as_array_mut()) {
        references.push(json!({
            "referenceCategory": "SECURITY",
            "referenceType": "cpe23Type",
            "referenceLocator": cpe,
        }));
    }
    // Any other license name may only be in a comment.
    if let (None, Some(license)) = (expression(package), &package.license) {
        element["licenseComments"] = format!("declared by the package: {license}").into();
    }
    if let Some((name, version)) = &package.source {
        element["sourceInfo"] = format!("built from {name} {version}").into();
    }
    if let Some(reachable) = &bill.reachable {
        element["annotations"] = json!([annotation(bill, reachable[row])]);
    }
    element
}

/// The statement whether the program can reach a package. SPDX has no field for it.
fn annotation(bill: &Bill<'_>, is_reachable: bool) -> Value {
    json!({
        "annotationDate": bill.time.to_string(),
        "annotationType": "OTHER",
        "annotator": format!("Tool: {TOOL}-{VERSION}"),
        "comment": if is_reachable { "reachable" } else { "unreachable" },
    })
}
