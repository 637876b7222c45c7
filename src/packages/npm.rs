//! npm packages: a `package.json` in a directory of `node_modules`.

use serde_json::Value;

use super::{Ecosystem, Facts, Scan};
use crate::image::{NameId, ReadError, Tree};

/// Largest `package.json`, in bytes: parsed JSON takes many times its size in memory.
const MAX_MANIFEST: u64 = 4 << 20;

pub(super) fn read(scan: &mut Scan<'_>, name: NameId) -> Result<(), ReadError> {
    let tree = scan.tree();
    // Outside of `node_modules`, the file belongs to an application, not to an installed package.
    if tree.file_name(name) != b"package.json" || !is_in_node_modules(tree, tree.parent(name)) {
        return Ok(());
    }
    let Some(bytes) = scan.at_most(name, MAX_MANIFEST)? else {
        return Ok(());
    };
    let json: Value = match serde_json::from_slice(&bytes) {
        Ok(json) => json,
        Err(error) => {
            scan.note(name, format!("not valid JSON: {error}"));
            return Ok(());
        }
    };
    let facts = Facts {
        name: text(&json, "name"),
        version: text(&json, "version"),
        license: license(&json),
        ..Facts::default()
    };
    // A `package.json` without a version only configures a directory, such as `"type": "module"`.
    if !facts.version.is_empty() {
        // Packages in its `node_modules` are separate packages.
        let files = scan.files_below(tree.parent(name), Some(b"node_modules"));
        scan.add(Ecosystem::Npm, facts, name, files);
    }
    Ok(())
}

/// Matches `node_modules/NAME` and `node_modules/@SCOPE/NAME`.
fn is_in_node_modules(tree: &Tree, directory: NameId) -> bool {
    let mut parent = tree.parent(directory);
    if tree.file_name(parent).starts_with(b"@") {
        parent = tree.parent(parent);
    }
    tree.file_name(parent) == b"node_modules"
}

fn text(json: &Value, key: &str) -> String {
    json[key].as_str().unwrap_or_default().to_owned()
}

/// Returns the license: a string, an object with a `type`, or, in old packages, a list of these.
fn license(json: &Value) -> Option<String> {
    if let Some(license) = license_name(&json["license"]) {
        return Some(license.to_owned());
    }
    let list = json["licenses"].as_array()?;
    let names: Vec<&str> = list.iter().filter_map(license_name).collect();
    if names.is_empty() {
        return None;
    }
    Some(names.join(" OR "))
}

fn license_name(value: &Value) -> Option<&str> {
    value.as_str().or(value["type"].as_str())
}
