//! Node's packages: a `package.json` in a folder of `node_modules`.

use serde_json::Value;

use super::{Ecosystem, Facts, Found, files_below};
use crate::image::{NameId, ReadError, Tree};

/// Bytes of a `package.json`: JSON takes many times its size in memory.
const MAX_MANIFEST: u64 = 4 << 20;

pub(super) fn read(found: &mut Found<'_>, name: NameId) -> Result<(), ReadError> {
    let tree = found.tree();
    if tree.file_name(name) != b"package.json" || !is_in_node_modules(tree, tree.parent(name)) {
        return Ok(());
    }
    let Some(bytes) = found.at_most(name, MAX_MANIFEST)? else {
        return Ok(());
    };
    let json: Value = match serde_json::from_slice(&bytes) {
        Ok(json) => json,
        Err(error) => {
            found.note(name, format!("it is no JSON: {error}"));
            return Ok(());
        }
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let facts = Facts {
        name: text(&json["name"]),
        version: text(&json["version"]),
        licence: licence(&json),
        ..Facts::default()
    };
    if !facts.version.is_empty() {
        let files = files_below(tree, tree.parent(name), Some(b"node_modules"));
        found.add(Ecosystem::Npm, facts, name, files);
    }
    Ok(())
}

/// `node_modules/NAME` or `node_modules/@SCOPE/NAME`.
fn is_in_node_modules(tree: &Tree, folder: NameId) -> bool {
    let parent = tree.parent(folder);
    let is_modules = |name| tree.file_name(name) == b"node_modules";
    is_modules(parent)
        || tree.file_name(parent).starts_with(b"@") && is_modules(tree.parent(parent))
}

/// A text, an object with a `type`, or an old list of these.
fn licence(json: &Value) -> Option<String> {
    let one = |value: &Value| value.as_str().or(value["type"].as_str()).map(str::to_owned);
    let list = || {
        let all: Vec<String> = json["licenses"]
            .as_array()?
            .iter()
            .filter_map(one)
            .collect();
        (!all.is_empty()).then(|| all.join(" OR "))
    };
    one(&json["license"]).or_else(list)
}
