//! Entry points for the fuzz targets in `fuzz/` to private code of the library.

pub use crate::cli::lsp_session;

use crate::image::{Config, Header, Image, Inode, Kind, NameId, Tree};

/// An entry of an image.
#[derive(Clone, Debug)]
pub struct Entry {
    pub path: Vec<u8>,
    pub mode: u32,
    pub kind: Kind,
}

/// Returns an image with these entries, without an archive. Parent directories are created; an
/// entry below a file, with a duplicate path or with a very long path is skipped.
pub fn image(config: Config, entries: impl IntoIterator<Item = Entry>) -> Image {
    let mut tree = Tree::new();
    for entry in entries {
        insert(&mut tree, entry);
    }
    Image::without_layers(config, tree)
}

/// The limits of the archive readers.
const MAX_PATH: usize = 4096;
const MAX_DEPTH: usize = 1000;

fn insert(tree: &mut Tree, entry: Entry) {
    let depth = entry.path.split(|&byte| byte == b'/').count();
    if entry.path.len() > MAX_PATH || depth > MAX_DEPTH {
        return;
    }
    let mut components = entry.path.split(|&byte| byte == b'/');
    let file_name = components.next_back().unwrap_or_default();
    let mut directory = NameId::ROOT;
    for component in components {
        if matches!(component, b"" | b"." | b"..") {
            continue;
        }
        directory = match tree.child(directory, component) {
            Some(name) if tree.is_directory(name) => name,
            Some(_) => return,
            None => tree.insert(directory, component, inode(Kind::Directory, 0o755)),
        };
    }
    if matches!(file_name, b"" | b"." | b"..") || tree.child(directory, file_name).is_some() {
        return;
    }
    tree.insert(directory, file_name, inode(entry.kind, entry.mode));
}

fn inode(kind: Kind, mode: u32) -> Inode {
    let header = Header {
        mode,
        ..Header::default()
    };
    Inode {
        kind,
        header,
        layer: 0,
    }
}
