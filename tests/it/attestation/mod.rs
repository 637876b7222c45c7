//! Attested slimming: `slim --attest` and `verify --attestation`, on small images.

mod hostile;
mod keys;
mod policy;
#[cfg(all(feature = "registry", feature = "daemon"))]
mod registry;
mod round_trip;
mod sources;
mod tampering;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::builders::elf_file::{GLIBC, library, program};
use crate::builders::images::{Directory, Tar, config, gzip, sha256};

pub(crate) const SLIM: &str = "https://docs.rs/crate/jettison/attestation/slim/v1";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

const STATUS: &str = "\
Package: app\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\nDescription: x\n\n\
Package: tool\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2\nDescription: y\n\n";

/// The other package manager has its records in one file, which is rewritten.
const INSTALLED: &str = "\
P:kept\nV:1-r0\nA:x86_64\nF:srv\nR:link\n\n\
P:lost\nV:2-r0\nA:x86_64\nF:usr/share/lost\nR:file\n\n";

/// A layer with a program of a package, one that nothing needs, and files of no package.
fn layer() -> Vec<u8> {
    layer_above(Tar::new())
}

fn layer_above(tar: Tar) -> Vec<u8> {
    tar.file(&GLIBC[1..], &library("ld-linux-x86-64.so.2").bytes())
        .file("usr/bin/app", &program(GLIBC).bytes())
        .file("usr/bin/tool", b"a tool that nothing needs")
        .file("usr/share/tool/data", b"its data")
        .file("var/lib/dpkg/status", STATUS.as_bytes())
        .file("var/lib/dpkg/info/app.list", b"/usr/bin/app\n")
        .file(
            "var/lib/dpkg/info/tool.list",
            b"/usr/bin/tool\n/usr/share/tool/data\n",
        )
        .file("lib/apk/db/installed", INSTALLED.as_bytes())
        .file("usr/share/lost/file", b"gone")
        .file("srv/100%\u{e9}.txt", b"kept")
        .symlink("srv/link", "100%\u{e9}.txt")
        .file("junk", b"dropped")
        .end()
}

/// An OCI layout under construction: blobs by digest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    blobs: BTreeMap<String, Vec<u8>>,
}

impl Layout {
    pub(crate) fn blob(&mut self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = format!("sha256:{}", sha256(bytes));
        self.blobs.insert(digest.clone(), bytes.to_vec());
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    }

    /// The descriptor of an image with one layer.
    pub(crate) fn image(&mut self, layer: &[u8], settings: &Value) -> Value {
        let mut config = config(&[layer.to_vec()]);
        config["config"] = settings.clone();
        let config = self.blob(
            "application/vnd.oci.image.config.v1+json",
            config.to_string().as_bytes(),
        );
        let media_type = "application/vnd.oci.image.layer.v1.tar+gzip";
        let layer = self.blob(media_type, &gzip(layer));
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer],
        });
        let mut image = self.blob(MANIFEST, manifest.to_string().as_bytes());
        image["platform"] = json!({"os": "linux", "architecture": "amd64"});
        image
    }

    /// The descriptor of an attestation manifest as BuildKit writes it by default.
    pub(crate) fn attestation(&mut self, image: &Value, statements: &[(&str, Value)]) -> Value {
        let mut layers = Vec::new();
        for (predicate_type, predicate) in statements {
            let hash = image["digest"].as_str().unwrap().replace("sha256:", "");
            let statement = json!({
                "_type": "https://in-toto.io/Statement/v0.1",
                "predicateType": predicate_type,
                "subject": [{"name": "pkg:docker/app@1", "digest": {"sha256": hash}}],
                "predicate": predicate,
            });
            let media_type = "application/vnd.in-toto+json";
            let mut layer = self.blob(media_type, statement.to_string().as_bytes());
            layer["annotations"] = json!({"in-toto.io/predicate-type": predicate_type});
            layers.push(layer);
        }
        let config = json!({"architecture": "unknown", "os": "unknown", "config": {}});
        let config = self.blob(
            "application/vnd.oci.image.config.v1+json",
            config.to_string().as_bytes(),
        );
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers,
        });
        let mut manifest = self.blob(MANIFEST, manifest.to_string().as_bytes());
        manifest["platform"] = json!({"os": "unknown", "architecture": "unknown"});
        manifest["annotations"] = json!({
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": image["digest"],
        });
        manifest
    }

    /// The descriptor of an index.
    pub(crate) fn index(&mut self, manifests: &[Value]) -> Value {
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests});
        self.blob(INDEX, index.to_string().as_bytes())
    }

    pub(crate) fn write(&self, path: &Path, name: &str, root: &Value) {
        let mut root = root.clone();
        root["annotations"] = json!({"org.opencontainers.image.ref.name": name});
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [root]});
        let blobs = path.join("blobs/sha256");
        fs::create_dir_all(&blobs).unwrap();
        fs::write(path.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        fs::write(path.join("index.json"), index.to_string()).unwrap();
        for (digest, bytes) in &self.blobs {
            fs::write(blobs.join(&digest["sha256:".len()..]), bytes).unwrap();
        }
    }

    /// Reads a layout, and returns its only root.
    pub(crate) fn read(path: &Path) -> (Self, Value) {
        let mut blobs = BTreeMap::new();
        for blob in fs::read_dir(path.join("blobs/sha256")).unwrap() {
            let blob = blob.unwrap();
            let digest = format!("sha256:{}", blob.file_name().display());
            blobs.insert(digest, fs::read(blob.path()).unwrap());
        }
        let index: Value =
            serde_json::from_slice(&fs::read(path.join("index.json")).unwrap()).unwrap();
        assert_eq!(index["manifests"].as_array().unwrap().len(), 1, "{index}");
        (Self { blobs }, index["manifests"][0].clone())
    }

    pub(crate) fn bytes(&self, descriptor: &Value) -> &[u8] {
        &self.blobs[descriptor["digest"].as_str().unwrap()]
    }

    pub(crate) fn json(&self, descriptor: &Value) -> Value {
        serde_json::from_slice(self.bytes(descriptor)).unwrap()
    }
}

/// A directory with the source image `source` in an OCI layout.
pub(crate) struct Bench {
    directory: Directory,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::of_layer(&layer())
    }

    pub(crate) fn of_layer(layer: &[u8]) -> Self {
        let bench = Self {
            directory: Directory::new(),
        };
        let mut layout = Layout::default();
        let image = layout.image(layer, &json!({"Entrypoint": ["/usr/bin/app"]}));
        layout.write(&bench.path("source"), "app", &image);
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let output = Command::new(env!("CARGO_BIN_EXE_jettison"))
            .args(arguments)
            .current_dir(self.directory.path())
            .env_remove("SOURCE_DATE_EPOCH")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!text.contains("panicked"), "{arguments:?}: {text}");
        output
    }

    /// Runs a command that must succeed. Returns its messages.
    pub(crate) fn success(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let text = texts(&output);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {text}");
        text
    }

    /// Runs a command that must fail with this status. Returns its messages.
    pub(crate) fn failure(&self, status: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let text = texts(&output);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {text}");
        text
    }

    /// Slims the source to `oci:slim:app` with these options.
    pub(crate) fn slim(&self, options: &[&str]) -> String {
        let mut arguments = vec!["slim", "oci:source:app", "-o", "oci:slim:app"];
        arguments.extend(["--keep", "/srv/**"]);
        arguments.extend(options);
        self.success(&arguments)
    }

    /// The statement that is attached to `slim`, and the descriptor of its layer.
    pub(crate) fn attached(&self, layout: &str) -> Attached {
        let (layout, root) = Layout::read(&self.path(layout));
        let index = layout.json(&root);
        for manifest in index["manifests"].as_array().unwrap() {
            let document = layout.json(manifest);
            for layer in document["layers"].as_array().unwrap() {
                if layer["annotations"]["in-toto.io/predicate-type"] == SLIM {
                    return Attached {
                        manifest: manifest.clone(),
                        document: document.clone(),
                        layer: layer.clone(),
                        bytes: layout.bytes(layer).to_vec(),
                        image: index["manifests"][0].clone(),
                        layout,
                        index,
                    };
                }
            }
        }
        panic!("no statement: {index}");
    }
}

/// An attached statement, with all documents on the way to it.
pub(crate) struct Attached {
    pub(crate) layout: Layout,
    pub(crate) index: Value,
    pub(crate) image: Value,
    /// The descriptor of the attestation manifest.
    pub(crate) manifest: Value,
    pub(crate) document: Value,
    pub(crate) layer: Value,
    pub(crate) bytes: Vec<u8>,
}

impl Attached {
    /// Writes the layout with another statement in place of this one, with right digests.
    pub(crate) fn write_with(&self, path: &Path, statement: &[u8]) {
        let mut layout = self.layout.clone();
        let mut layer = layout.blob(self.layer["mediaType"].as_str().unwrap(), statement);
        layer["annotations"] = self.layer["annotations"].clone();
        let mut document = self.document.clone();
        document["layers"] = json!([layer]);
        let mut manifest = layout.blob(MANIFEST, document.to_string().as_bytes());
        for key in ["platform", "annotations", "artifactType"] {
            manifest[key] = self.manifest[key].clone();
        }
        let root = layout.index(&[self.image.clone(), manifest]);
        layout.write(path, "app", &root);
    }

    pub(crate) fn statement(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }
}

fn texts(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    format!("{out}{err}")
}

/// A key of `testdata/keys`.
pub(crate) fn key(name: &str) -> String {
    format!("{}/testdata/keys/{name}", env!("CARGO_MANIFEST_DIR"))
}
