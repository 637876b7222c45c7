//! Contents of an image as JSON, and helpers of the other JSON documents on images.

use std::io;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::inspect::{Inspected, instruction, length};
use crate::image::{Image, Kind, NameId, Tree};
use crate::inspect::{How, ImageFiles, ImageLayers};
use crate::packages::{Package, Packages};
use crate::printable::lossless;

/// One object for the whole image.
pub fn inspect_json(inspected: &Inspected<'_>) -> String {
    let Inspected {
        image,
        packages,
        layers,
        files,
        ..
    } = *inspected;
    let tree = &image.tree;
    let value = json!({
        // The whole object, because it may contain fields that are unknown to jettison.
        "configuration": image.config.json(),
        "distribution": {
            "id": packages.distribution.id,
            "version_id": packages.distribution.version_id,
            "name": packages.distribution.pretty_name,
        },
        "layers": layer_rows(image, layers),
        "layer_bytes": layers.bytes,
        "visible_bytes": layers.visible,
        "wasted_bytes": layers.wasted_bytes(),
        // An integer, because programs print floating-point numbers differently.
        "efficiency_per_mille": layers.efficiency(),
        "wasted": layers.wasted.iter().map(|wasted| json!({
            "path": bytes(&wasted.path),
            "bytes": wasted.bytes,
            "layers": wasted.layers,
            "how": how(wasted.how),
            "by": wasted.by,
        })).collect::<Vec<_>>(),
        "files": file_rows(tree, files),
        "packages": package_rows(tree, packages),
        "notes": packages.notes.iter().map(|note| {
            json!({"path": path(tree, note.at), "text": note.text})
        }).collect::<Vec<_>>(),
    });
    pretty(&value)
}

fn file_rows(tree: &Tree, files: &ImageFiles) -> Value {
    json!({
        "bytes": files.bytes,
        "files": files.files,
        "directories": files.directories,
        "links": files.links,
        "hard_links": files.hard_links,
        "fifos": files.fifos,
        "devices": paths(tree, &files.devices),
        "setuid": paths(tree, &files.setuid),
        "capabilities": paths(tree, &files.capabilities),
        "world_writable": paths(tree, &files.world_writable),
        "broken_links": paths(tree, &files.broken_links),
        "biggest": files.biggest.iter().map(|&name| {
            json!({"path": path(tree, name), "bytes": length(tree, name)})
        }).collect::<Vec<_>>(),
    })
}

fn paths(tree: &Tree, names: &[NameId]) -> Vec<Value> {
    names.iter().map(|&name| path(tree, name)).collect()
}

fn layer_rows(image: &Image, layers: &ImageLayers) -> Vec<Value> {
    let rows = image.layers.iter().zip(&layers.layers);
    rows.map(|(layer, facts)| {
        json!({
            "digest": layer.digest,
            "diff_id": layer.diff_id,
            "media_type": layer.media_type,
            // The instruction as written, and below it the step as recorded by the builder.
            "instruction": instruction(layer),
            "created_by": layer.history.as_ref().map(|step| &step.created_by),
            "stored_bytes": layer.stored_size,
            "archive_bytes": layer.size,
            "bytes": facts.bytes,
            "added": facts.added,
            "replaced": facts.replaced,
            "removed": facts.removed,
            "directories_named_again": facts.declared,
            "wasted_bytes": facts.wasted,
            "hidden_bytes": facts.hidden,
        })
    })
    .collect()
}

fn package_rows(tree: &Tree, packages: &Packages) -> Vec<Value> {
    // Computed for all packages at once, because packages share files.
    let sizes = packages.sizes(tree, |_| true);
    let rows = packages.list.iter().zip(sizes);
    rows.map(|(package, size)| package_row(tree, package, size))
        .collect()
}

fn package_row(tree: &Tree, package: &Package, size: u64) -> Value {
    json!({
        "ecosystem": package.ecosystem.as_str(),
        "name": package.name,
        "version": package.version,
        "architecture": package.architecture,
        "source": package.source.as_ref().map(|(name, version)| {
            json!({"name": name, "version": version})
        }),
        "license": package.license,
        "purl": package.purl,
        "record": path(tree, package.record),
        // The paths themselves would make up most of the document.
        "files": package.files.len(),
        "bytes": size,
    })
}

pub(super) fn how(how: How) -> &'static str {
    match how {
        How::Replaced => "replaced",
        How::Removed => "removed",
    }
}

pub(super) fn kind(kind: &Kind) -> &'static str {
    match kind {
        Kind::File(_) => "file",
        Kind::Directory => "directory",
        // Part of the JSON format, so it must not change.
        Kind::Symlink { .. } => "link",
        Kind::Character { .. } => "character device",
        Kind::Block { .. } => "block device",
        Kind::Fifo => "fifo",
    }
}

pub(super) fn path(tree: &Tree, name: NameId) -> Value {
    bytes(&tree.path(name))
}

/// A path as text. JSON strings are Unicode, so bytes that are not UTF-8 are escaped in a way that
/// can be reversed.
pub(super) fn bytes(path: &[u8]) -> Value {
    lossless(path).into()
}

/// A list whose elements are computed one by one while it is written. As a single value, a list of
/// 200,000 packages would take hundreds of megabytes.
pub(super) struct Sequence<F>(pub(super) F);

impl<I, F> Serialize for Sequence<F>
where
    I: Iterator<Item: Serialize>,
    F: Fn() -> I,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// The SHA-256 of a value as JSON without line breaks.
pub(super) fn json_hash(value: &impl Serialize) -> [u8; 32] {
    let mut hash = HashWriter(Sha256::new());
    serde_json::to_writer(&mut hash, value).expect("values always serialize");
    hash.0.finalize().into()
}

/// Hashes what is written.
pub(super) struct HashWriter(pub(super) Sha256);

impl io::Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Indented JSON with a line break at the end.
pub(super) fn pretty(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("values always serialize");
    text.push('\n');
    super::json::escaped(text)
}
