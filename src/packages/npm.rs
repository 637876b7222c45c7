//! npm packages: a `package.json` in a directory of `node_modules`.

mod manifest;

use manifest::Manifest;

use super::ecosystem::{Description, PurlName, Reader};
use super::{Ecosystem, Facts, Scan};
use crate::image::{NameId, ReadError, Tree};

/// Largest `package.json`, in bytes.
const MAX_MANIFEST: u64 = 4 << 20;

/// Described for the list of ecosystems.
pub(super) const ECOSYSTEM: Description = Description {
    read: Reader::Record(read),
    purl_type: "npm",
    purl_name: PurlName::SplitAt('/'),
    osv: Some("npm"),
    ..Description::USUAL
};

pub(super) fn read(scan: &mut Scan<'_>, name: NameId) -> Result<(), ReadError> {
    let tree = scan.tree();
    // Outside of `node_modules`, the file belongs to an application, not to an installed package.
    if tree.file_name(name) != b"package.json" || !is_in_node_modules(tree, tree.parent(name)) {
        return Ok(());
    }
    let inode = tree.inode_id(name);
    // The content is the same under all hard links, and pnpm creates many of them.
    let facts = if let Some(known) = scan.manifests.get(&inode) {
        known.clone()
    } else {
        let facts = read_manifest(scan, name)?;
        scan.manifests.insert(inode, facts.clone());
        facts
    };
    // A `package.json` without a version only configures a directory, such as `"type": "module"`.
    if !facts.version.is_empty() {
        // Packages in its `node_modules` are separate packages.
        let files = scan.files_below(tree.parent(name), Some(b"node_modules"));
        scan.add(Ecosystem::Npm, facts, name, files);
    }
    Ok(())
}

/// The package that a `package.json` describes; without a version if it cannot be read.
fn read_manifest(scan: &mut Scan<'_>, name: NameId) -> Result<Facts, ReadError> {
    let Some(bytes) = scan.text_at_most(name, MAX_MANIFEST)? else {
        return Ok(Facts::default());
    };
    let manifest: Manifest = match serde_json::from_slice(&bytes) {
        Ok(manifest) => manifest,
        Err(error) => {
            scan.note(name, format!("not valid JSON: {error}"));
            return Ok(Facts::default());
        }
    };
    Ok(Facts {
        license: manifest.declared_license(),
        name: manifest.name.unwrap_or_default(),
        version: manifest.version.unwrap_or_default(),
        ..Facts::default()
    })
}

/// Matches `node_modules/NAME` and `node_modules/@SCOPE/NAME`.
fn is_in_node_modules(tree: &Tree, directory: NameId) -> bool {
    let mut parent = tree.parent(directory);
    if tree.file_name(parent).starts_with(b"@") {
        parent = tree.parent(parent);
    }
    tree.file_name(parent) == b"node_modules"
}
