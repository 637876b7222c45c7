//! SPDX 2.3 as JSON. Source: <https://spdx.github.io/spdx-spec/v2.3/>.

use serde_json::{Value, json};

use super::super::inspect_json::pretty;
use super::{Bill, TOOL, VERSION, expression};
use crate::hash::hex;
use crate::packages::Package;

const IMAGE: &str = "SPDXRef-Image";

/// A document that describes the image, which contains the packages.
pub fn spdx(bill: &Bill<'_>) -> String {
    let packages = bill
        .packages
        .iter()
        .enumerate()
        .map(|(row, package)| element(row, package));
    let image = json!({
        "SPDXID": IMAGE,
        "name": bill.name,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": false,
        "primaryPackagePurpose": "CONTAINER",
    });
    // A document must describe an element; here it is the image, which contains the packages.
    let describes = json!({
        "spdxElementId": "SPDXRef-DOCUMENT",
        "relationshipType": "DESCRIBES",
        "relatedSpdxElement": IMAGE,
    });
    let contains = bill.packages.iter().enumerate().map(|(row, package)| {
        json!({
            "spdxElementId": IMAGE,
            "relationshipType": "CONTAINS",
            "relatedSpdxElement": identifier(row, package),
        })
    });
    let value = json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": bill.name,
        "documentNamespace": format!("https://spdx.org/spdxdocs/{TOOL}-{}", hex(&bill.hash())),
        "creationInfo": {
            "created": bill.time.to_string(),
            "creators": [format!("Tool: {TOOL}-{VERSION}")],
        },
        "packages": std::iter::once(image).chain(packages).collect::<Vec<_>>(),
        "relationships": std::iter::once(describes).chain(contains).collect::<Vec<_>>(),
    });
    pretty(&value)
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

fn element(row: usize, package: &Package) -> Value {
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
    // Any other license name may only be in a comment.
    if let (None, Some(license)) = (expression(package), &package.license) {
        element["licenseComments"] = format!("declared by the package: {license}").into();
    }
    if let Some((name, version)) = &package.source {
        element["sourceInfo"] = format!("built from {name} {version}").into();
    }
    element
}
