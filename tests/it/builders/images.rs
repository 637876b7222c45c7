//! Archives and images, built here byte by byte, so that the crate under test does not generate its
//! own input.

use std::path::{Path, PathBuf};

use jettison::image::{Content, Image, Kind, NameId, Options, ReadError, Silent};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tar::{EntryType, Header};

/// A tar archive under construction.
#[derive(Clone, Default)]
pub(crate) struct Tar {
    pub(crate) bytes: Vec<u8>,
}

impl Tar {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn file(self, name: &str, content: &[u8]) -> Self {
        self.entry(b'0', name, "", content, |_| {})
    }

    pub(crate) fn directory(self, name: &str) -> Self {
        self.entry(b'5', name, "", b"", |header| header.set_mode(0o755))
    }

    pub(crate) fn symlink(self, name: &str, target: &str) -> Self {
        self.entry(b'2', name, target, b"", |header| header.set_mode(0o777))
    }

    pub(crate) fn hard_link(self, name: &str, target: &str) -> Self {
        self.entry(b'1', name, target, b"", |_| {})
    }

    /// An entry whose header can be modified before its checksum is computed.
    pub(crate) fn entry(
        self,
        kind: u8,
        name: &str,
        link: &str,
        content: &[u8],
        bend: impl FnOnce(&mut Header),
    ) -> Self {
        self.raw(
            Header::new_ustar(),
            kind,
            name.as_bytes(),
            link.as_bytes(),
            content,
            bend,
        )
    }

    pub(crate) fn raw(
        mut self,
        mut header: Header,
        kind: u8,
        name: &[u8],
        link: &[u8],
        content: &[u8],
        bend: impl FnOnce(&mut Header),
    ) -> Self {
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link);
        header.set_entry_type(EntryType::new(kind));
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(content.len() as u64);
        bend(&mut header);
        header.set_cksum();
        self.bytes.extend_from_slice(header.as_bytes());
        self.bytes.extend_from_slice(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(512), 0);
        self
    }

    /// Records for the next entry.
    pub(crate) fn pax(self, records: &[(&str, &[u8])]) -> Self {
        let mut data = Vec::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let digits = (1..9)
                .find(|digits| (rest + digits).to_string().len() == *digits)
                .unwrap();
            data.extend_from_slice(format!("{} {key}=", rest + digits).as_bytes());
            data.extend_from_slice(value);
            data.push(b'\n');
        }
        self.entry(b'x', "pax", "", &data, |_| {})
    }

    /// The archive with its two blocks of zeros.
    pub(crate) fn end(mut self) -> Vec<u8> {
        self.bytes.resize(self.bytes.len() + 1024, 0);
        self.bytes
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from_digit(digit.into(), 16).unwrap())
        .collect()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// The configuration of an image with these uncompressed layers.
pub(crate) fn config(layers: &[Vec<u8>]) -> Value {
    let diff_ids: Vec<String> = layers
        .iter()
        .map(|layer| format!("sha256:{}", sha256(layer)))
        .collect();
    let history: Vec<Value> = (0..layers.len())
        .map(|index| json!({"created_by": format!("step {index}")}))
        .collect();
    json!({
        "created": "2026-01-02T03:04:05Z",
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": ["/app"], "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": history,
    })
}

/// A directory that is removed at the end of the test.
pub(crate) struct Directory(tempfile::TempDir);

impl Directory {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// A docker archive as created by Podman, with layers that are stored as given.
pub(crate) fn docker_archive(stored: &[Vec<u8>], config: &Value, tags: &[&str]) -> Vec<u8> {
    let config = config.to_string();
    let config_name = format!("{}.json", sha256(config.as_bytes()));
    let mut tar = Tar::new();
    let mut names = Vec::new();
    for layer in stored {
        let name = format!("{}.tar", sha256(layer));
        tar = tar.file(&name, layer);
        names.push(name);
    }
    let manifest = json!([{"Config": config_name, "RepoTags": tags, "Layers": names}]);
    tar.file(&config_name, config.as_bytes())
        .file("manifest.json", manifest.to_string().as_bytes())
        .end()
}

/// Reads an archive file with the limits of `options`.
pub(crate) fn open_with(archive: &[u8], options: &Options) -> Result<Image, ReadError> {
    let directory = Directory::new();
    let path = directory.file("image.tar", archive);
    Image::open(&path.to_str().unwrap().parse().unwrap(), options, &Silent)
}

pub(crate) fn open(reference: &str) -> Result<Image, ReadError> {
    Image::open(&reference.parse().unwrap(), &Options::default(), &Silent)
}

/// The image with these uncompressed layers.
pub(crate) fn layers(layers: &[Tar]) -> Result<Image, ReadError> {
    let layers: Vec<Vec<u8>> = layers.iter().map(|layer| layer.clone().end()).collect();
    open_with(
        &docker_archive(&layers, &config(&layers), &[]),
        &Options::default(),
    )
}

/// The image with one layer.
pub(crate) fn layer(layer: Tar) -> Image {
    layers(&[layer]).unwrap()
}

pub(crate) fn find(image: &Image, path: &str) -> NameId {
    image.tree.resolve_link(path.as_bytes()).unwrap().name
}

pub(crate) fn read(image: &Image, path: &str) -> Vec<u8> {
    image.read(find(image, path)).unwrap().to_vec()
}

/// A line for every name: its path and its kind. A directory's path ends in `/`.
pub(crate) fn listing(image: &Image) -> Vec<String> {
    let line = |name| {
        let path = String::from_utf8_lossy(&image.tree.path(name)).into_owned();
        match &image.tree.inode(name).kind {
            Kind::File(_) => format!(
                "{path} = {}",
                String::from_utf8_lossy(&image.read(name).unwrap())
            ),
            Kind::Directory => format!("{path}/"),
            Kind::Symlink { target } => format!("{path} -> {}", String::from_utf8_lossy(target)),
            other => format!("{path} {other:?}"),
        }
    };
    image.tree.walk().map(line).collect()
}

/// The complete contents of an image: each name with its header, its content and its hard links.
pub(crate) fn everything(image: &Image) -> Vec<String> {
    let mut names_of = std::collections::HashMap::new();
    let mut lines = vec![format!("/ {:?}", image.tree.inode(NameId::ROOT).header)];
    for name in image.tree.walk() {
        let path = image.tree.path(name).escape_ascii().to_string();
        let inode = image.tree.inode(name);
        let first = names_of
            .entry(image.tree.inode_id(name))
            .or_insert_with(|| path.clone());
        let what = match &inode.kind {
            Kind::File(content) => {
                assert_eq!(
                    content.length(),
                    image.read(name).unwrap().len() as u64,
                    "{path}"
                );
                format!("file {}", sha256(&image.read(name).unwrap()))
            }
            other => format!("{other:?}"),
        };
        lines.push(format!("{path} {what} {:?} as {first}", inode.header));
    }
    lines
}

pub(crate) fn length(image: &Image, path: &str) -> u64 {
    match &image.tree.inode(find(image, path)).kind {
        Kind::File(content @ (Content::Archived { .. } | Content::Sparse { .. })) => {
            content.length()
        }
        other => panic!("{path} is {other:?}"),
    }
}
