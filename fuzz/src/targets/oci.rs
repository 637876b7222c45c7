//! The documents of an image: a configuration, a manifest, an index and Docker's `manifest.json`,
//! with lines of `%%` between them. `@config`, `@manifest` and `@layer` are replaced with digests
//! and, followed by `-size`, with sizes, so that the documents stay consistent if one of them is
//! changed.

use jettison::image::{
    Format, Image, Layers, Options, Reference, Selection, Silent, WriteOptions, write,
};

use crate::sample::{self, archive, check_image, everything, scratch, scratch_file, sha256};

pub(crate) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut documents = text.split("\n%%\n");
    let layer = archive([("app".to_owned(), &sample::static_program()[..])]);
    let mut names = Names::default();
    names.add("@layer", &layer);
    let config = names.told(documents.next().unwrap_or_default());
    names.add("@config", config.as_bytes());
    let manifest = names.told(documents.next().unwrap_or_default());
    names.add("@manifest", manifest.as_bytes());
    let index = names.told(documents.next().unwrap_or_default());
    let docker = documents.next().map(|document| names.told(document));

    let mut files = vec![
        blob(&layer),
        blob(config.as_bytes()),
        blob(manifest.as_bytes()),
        ("index.json".to_owned(), index.as_bytes()),
        (
            "oci-layout".to_owned(),
            br#"{"imageLayoutVersion":"1.0.0"}"#,
        ),
    ];
    if let Some(docker) = &docker {
        files.push(("manifest.json".to_owned(), docker.as_bytes()));
    }
    let path = scratch_file("image.tar", &archive(files));
    for reference in [
        Reference::Path(path.clone()),
        Reference::File {
            format: Format::OciArchive,
            path,
            name: None,
        },
    ] {
        if let Ok(image) = Image::open(&reference, &Options::default(), &Silent) {
            check(&image);
        }
    }
}

fn blob(bytes: &[u8]) -> (String, &[u8]) {
    (format!("blobs/sha256/{}", sha256(bytes)), bytes)
}

/// Texts and their replacements.
#[derive(Default)]
struct Names(Vec<(String, String)>);

impl Names {
    fn add(&mut self, name: &str, bytes: &[u8]) {
        self.0
            .push((format!("{name}-size"), bytes.len().to_string()));
        self.0.push((format!("{name}-hex"), sha256(bytes)));
        self.0
            .push((name.to_owned(), format!("sha256:{}", sha256(bytes))));
    }

    fn told(&self, document: &str) -> String {
        let mut told = document.to_owned();
        for (name, value) in &self.0 {
            told = told.replace(name, value);
        }
        told
    }
}

/// Checks that an image that was read can be checked, written and read again.
fn check(image: &Image) {
    check_image(image);
    let path = scratch("written.tar");
    let destination = Reference::File {
        format: Format::OciArchive,
        path,
        name: None,
    };
    let options = WriteOptions {
        layers: Layers::Keep,
        ..WriteOptions::default()
    };
    let all = Selection::all(&image.tree);
    if write(image, &all, &destination, &options, &Silent).is_ok() {
        let options = Options::default();
        let again = Image::open(&destination, &options, &Silent).expect("what is written is read");
        assert_eq!(everything(image), everything(&again));
    }
}
