//! Layers: tar archives, compressed or not. A layer that can be read can be written and read again.

use jettison::image::{
    Format, Image, Layers, Limits, Options, Reference, Selection, Silent, WriteOptions, write,
};
use serde_json::json;

use crate::sample::{archive, everything, scratch, scratch_file, sha256, sign};

/// Holes of sparse files are read as zeros here, so they must not be large.
const LARGEST: u64 = 16 << 20;

pub(crate) fn run(bytes: &[u8]) {
    let mut layer = bytes.to_vec();
    for block in layer.chunks_exact_mut(512) {
        if block[257..262] == *b"ustar" {
            sign(block);
        }
    }
    let config = json!({
        "architecture": "amd64",
        "os": "linux",
        "created": "2026-01-02T03:04:05Z",
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", sha256(&layer))]},
    })
    .to_string();
    let manifest = json!([{"Config": "config.json", "Layers": ["layer.tar"]}]).to_string();
    let outer = archive([
        ("layer.tar".to_owned(), &layer[..]),
        ("config.json".to_owned(), config.as_bytes()),
        ("manifest.json".to_owned(), manifest.as_bytes()),
    ]);
    let path = scratch_file("image.tar", &outer);
    if let Ok(image) = Image::open(&Reference::Path(path), &options(), &Silent) {
        let before = everything(&image);
        for layers in [Layers::One, Layers::Keep] {
            check_written(&image, layers, &before);
        }
    }
}

fn options() -> Options {
    let limits = Limits {
        uncompressed: LARGEST,
        ..Limits::default()
    };
    Options {
        limits,
        ..Options::default()
    }
}

fn check_written(image: &Image, layers: Layers, before: &[String]) {
    let path = scratch("written.tar");
    let destination = Reference::File {
        format: Format::DockerArchive,
        path,
        name: None,
    };
    let options = WriteOptions {
        layers,
        ..WriteOptions::default()
    };
    let all = Selection::all(&image.tree);
    write(image, &all, &destination, &options, &Silent).expect("what is read can be written");
    let again = Image::open(&destination, &Options::default(), &Silent)
        .expect("what is written can be read");
    assert_eq!(before, everything(&again), "{layers:?}");
}
