//! Package records, from which scanners determine the remaining packages. They are selected last.

use super::graph::Graph;
use super::why::{Root, Why};
use crate::image::{Content, Header, Image, Inode, Kind, NameId, ReadError, Selection, Tree};
use crate::packages::{self, GeneratedRecord, Packages};

/// Keeps the records of packages with kept files, and returns the records that must be generated.
pub(super) fn keep(
    image: &Image,
    installed: &Packages,
    graph: &mut Graph,
) -> Result<Vec<GeneratedRecord>, ReadError> {
    let tree = &image.tree;
    let records = packages::records(image, installed, &|name| graph.is_kept(name))?;
    for kept in records.kept {
        // The record of a single package is kept because of a kept file of that package; a database
        // belongs to all packages.
        let why = match kept.of {
            Some(_) => Why::Record {
                package: kept.package,
            },
            None => Why::Root(Root::PackageDatabase),
        };
        graph.keep(kept.record, kept.of, why);
        let mut below = kept.record;
        // Tracing is over, so the parent directories of a record must be kept here.
        while tree.parent(below) != NameId::ROOT {
            graph.keep(tree.parent(below), Some(below), Why::Directory);
            below = tree.parent(below);
        }
    }
    Ok(records.generated)
}

/// The image and the selection, with the records inserted.
pub(super) fn insert(
    image: &Image,
    selection: &Selection,
    records: &[GeneratedRecord],
) -> (Image, Selection) {
    let mut result = image.clone();
    // They are added to the last layer.
    let layer = image.layers.len().saturating_sub(1);
    let mut names = Vec::new();
    for record in records {
        let Some((directory, file_name)) = place(&mut result, &record.path, layer, &mut names)
        // A parent directory of the path is another kind of file in this image; a scanner would not
        // find the record there either.
        else {
            continue;
        };
        let kind = Kind::File(Content::Bytes(record.bytes.clone()));
        let inode = Inode {
            kind,
            header: record.header.clone(),
            layer,
        };
        names.push(result.tree.insert(directory, &file_name, inode));
    }
    // The inserted names come after those that the selection has rows for.
    let mut all = Selection::none(&result.tree);
    let kept = image.tree.walk().filter(|&name| selection.contains(name));
    for name in kept.chain(names) {
        all.keep(&result.tree, name);
    }
    (result, all)
}

/// The parent directory of a path, created if it is missing, and the last component. Directories
/// and symlinks on the path are added to `names`. `None` if a component is not a directory.
fn place(
    image: &mut Image,
    path: &[u8],
    layer: usize,
    names: &mut Vec<NameId>,
) -> Option<(NameId, Vec<u8>)> {
    let mut components: Vec<&[u8]> = path
        .split(|&byte| byte == b'/')
        .filter(|part| !part.is_empty())
        .collect();
    let file_name = components.pop()?.to_vec();
    let tree = &mut image.tree;
    let mut at = NameId::ROOT;
    for component in components {
        at = if tree.child(at, component).is_none() {
            insert_directory(tree, at, component, layer)
        } else {
            // The path may go through a symlink such as `/var/run`, which must then be kept with
            // the record.
            let resolved = tree.resolve_from(at, component).ok()?;
            names.extend(resolved.crossed);
            resolved.name
        };
        if !tree.is_directory(at) {
            return None;
        }
    }
    Some((at, file_name))
}

fn insert_directory(tree: &mut Tree, parent: NameId, name: &[u8], layer: usize) -> NameId {
    let header = Header {
        // Package managers create their directories with this mode; using the parent's time keeps
        // the layer reproducible.
        mode: 0o755,
        mtime: tree.inode(parent).header.mtime,
        ..Header::default()
    };
    let inode = Inode {
        kind: Kind::Directory,
        header,
        layer,
    };
    tree.insert(parent, name, inode)
}
