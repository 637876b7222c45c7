//! Records of packages, from which scanners know which packages remain. They are chosen last.

use super::graph::Graph;
use super::why::{Root, Why};
use crate::image::{Content, Header, Image, Inode, Kind, NameId, ReadError, Selection, Tree};
use crate::packages::{self, GeneratedRecord, Packages};

/// Keeps the files that record packages of which something is kept, and gives those that have to be
/// made.
pub(super) fn keep(
    image: &Image,
    installed: &Packages,
    graph: &mut Graph,
) -> Result<Vec<GeneratedRecord>, ReadError> {
    let tree = &image.tree;
    let records = packages::records(image, installed, &|name| graph.is_kept(name))?;
    for kept in records.kept {
        // A record of one package is kept for a kept file of that package; the database itself
        // belongs to all.
        let why = match kept.of {
            Some(_) => Why::Record {
                package: kept.package,
            },
            None => Why::Root(Root::PackageDatabase),
        };
        graph.keep(kept.record, kept.of, why);
        let mut below = kept.record;
        // Tracing is over, so the directories of a record have to be kept here.
        while tree.parent(below) != NameId::ROOT {
            graph.keep(tree.parent(below), Some(below), Why::Directory);
            below = tree.parent(below);
        }
    }
    Ok(records.generated)
}

/// The image with the records in it, and the selection with them.
pub(super) fn insert(
    image: &Image,
    selection: &Selection,
    records: &[GeneratedRecord],
) -> (Image, Selection) {
    let mut result = image.clone();
    // They come with the last layer.
    let layer = image.layers.len().saturating_sub(1);
    let mut names = Vec::new();
    for record in records {
        let Some((directory, file_name)) = place(&mut result, &record.path, layer, &mut names)
        // A directory of the path is something else in this image; a scanner would not find the
        // record there either.
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
    // The inserted names are behind those that the selection has rows for.
    let mut all = Selection::none(&result.tree);
    let kept = image.tree.walk().filter(|&name| selection.contains(name));
    for name in kept.chain(names) {
        all.keep(&result.tree, name);
    }
    (result, all)
}

/// The directory of a path, made where it is missing, and the last component. What is met on the
/// way is added to `names`. None where something that is not a directory is in the way.
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
            // The way may lead through a symlink, as `/var/run` does, and then the links have to be
            // kept with the record.
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
        // Package managers create their directories with this mode; the time of the parent keeps
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
