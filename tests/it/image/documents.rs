//! OCI layouts and docker archives with handwritten documents, which no library would produce.

use crate::builders::images::{Directory, Tar, sha256};

/// The documents of an image. In them `$CONFIG`, `$LAYER` and `$MANIFEST` stand for the inside of
/// the descriptors of the good image, `$OTHER_…` for those of one with a shell that belongs to
/// root and a configuration of its own; `$DIFF_ID` and `$OTHER_DIFF_ID` for digests of layers.
#[derive(Clone, Debug)]
pub(crate) struct Documents {
    pub(crate) layout: String,
    pub(crate) index: String,
    pub(crate) manifest: String,
    pub(crate) config: String,
    /// `manifest.json` of a docker archive; `$CONFIG_FILE` and `$LAYER_FILE` are the members.
    pub(crate) items: String,
    pub(crate) manifest_type: String,
}

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

impl Default for Documents {
    fn default() -> Self {
        Self {
            layout: r#"{"imageLayoutVersion": "1.0.0"}"#.into(),
            index: format!(
                r#"{{"schemaVersion": 2, "mediaType": "{INDEX}", "manifests": [{{$MANIFEST, "annotations": {{"org.opencontainers.image.ref.name": "latest"}}}}]}}"#
            ),
            manifest: format!(
                r#"{{"schemaVersion": 2, "mediaType": "{MANIFEST}", "config": {{$CONFIG}}, "layers": [{{$LAYER}}]}}"#
            ),
            config: good_config(r#""User": "1000""#, "$DIFF_ID"),
            items: r#"[{"Config": "$CONFIG_FILE", "RepoTags": ["app:latest"], "Layers": ["$LAYER_FILE"]}]"#
                .into(),
            manifest_type: MANIFEST.into(),
        }
    }
}

fn good_config(settings: &str, diff_id: &str) -> String {
    format!(
        r#"{{"created": "2026-01-02T03:04:05Z", "architecture": "amd64", "os": "linux", "config": {{{settings}}}, "rootfs": {{"type": "layers", "diff_ids": ["{diff_id}"]}}, "history": [{{"created_by": "COPY app /app"}}]}}"#
    )
}

/// The good image's only layer.
pub(crate) fn layer() -> Vec<u8> {
    Tar::new().file("app", b"good").end()
}

/// A layer that no reader must see.
pub(crate) fn other_layer() -> Vec<u8> {
    Tar::new()
        .file("app", b"bad")
        .entry(b'0', "sh", "", b"shell", |header| header.set_mode(0o4755))
        .end()
}

fn descriptor(media_type: &str, bytes: &[u8]) -> String {
    let (hash, size) = (sha256(bytes), bytes.len());
    format!(r#""mediaType": "{media_type}", "digest": "sha256:{hash}", "size": {size}"#)
}

impl Documents {
    /// The files of a layout: paths and bytes.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let (layer, other_layer) = (layer(), other_layer());
        let diff_ids = [
            ("$OTHER_DIFF_ID", format!("sha256:{}", sha256(&other_layer))),
            ("$DIFF_ID", format!("sha256:{}", sha256(&layer))),
        ];
        let config = replaced(&self.config, &diff_ids);
        let other_config = replaced(&good_config(r#""User": "0""#, "$OTHER_DIFF_ID"), &diff_ids);
        let mut known = vec![
            ("$OTHER_CONFIG", descriptor(CONFIG, other_config.as_bytes())),
            ("$CONFIG", descriptor(CONFIG, config.as_bytes())),
            ("$OTHER_LAYER", descriptor(LAYER, &other_layer)),
            ("$LAYER", descriptor(LAYER, &layer)),
        ];
        known.extend(diff_ids);
        let other_manifest = format!(
            r#"{{"schemaVersion": 2, "mediaType": "{MANIFEST}", "config": {{$OTHER_CONFIG}}, "layers": [{{$OTHER_LAYER}}]}}"#
        );
        let other_manifest = replaced(&other_manifest, &known);
        let other_descriptor = descriptor(MANIFEST, other_manifest.as_bytes());
        known.insert(0, ("$OTHER_MANIFEST", other_descriptor));
        let manifest = replaced(&self.manifest, &known);
        let descriptor = descriptor(&self.manifest_type, manifest.as_bytes());
        known.insert(1, ("$MANIFEST", descriptor));
        let index = replaced(&self.index, &known);
        let blobs = [
            layer,
            other_layer,
            config.into_bytes(),
            other_config.into_bytes(),
            manifest.into_bytes(),
            other_manifest.into_bytes(),
        ];
        let mut files: Vec<(String, Vec<u8>)> = blobs
            .into_iter()
            .map(|blob| (format!("blobs/sha256/{}", sha256(&blob)), blob))
            .collect();
        files.push(("index.json".into(), index.into_bytes()));
        files.push(("oci-layout".into(), self.layout.clone().into_bytes()));
        files
    }

    /// The layout as a directory.
    pub(crate) fn directory(&self) -> Directory {
        let directory = Directory::new();
        for (name, bytes) in self.files() {
            directory.file(&name, &bytes);
        }
        directory
    }

    /// The docker archive of the good image, without an index.
    pub(crate) fn docker_archive(&self) -> Tar {
        let diff_ids = [
            (
                "$OTHER_DIFF_ID",
                format!("sha256:{}", sha256(&other_layer())),
            ),
            ("$DIFF_ID", format!("sha256:{}", sha256(&layer()))),
        ];
        let config = replaced(&self.config, &diff_ids);
        let config_file = format!("{}.json", sha256(config.as_bytes()));
        let layer_file = format!("{}.tar", sha256(&layer()));
        let items = replaced(
            &self.items,
            &[
                ("$CONFIG_FILE", config_file.clone()),
                ("$LAYER_FILE", layer_file.clone()),
            ],
        );
        Tar::new()
            .file(&config_file, config.as_bytes())
            .file(&layer_file, &layer())
            .file("manifest.json", items.as_bytes())
    }
}

/// The text with the words that are known; of two that begin alike the longer comes first.
fn replaced(text: &str, known: &[(&str, String)]) -> String {
    known.iter().fold(text.to_owned(), |text, (word, value)| {
        text.replace(word, value)
    })
}

/// A layout that readers understand differently, and a part of what jettison says of it.
#[derive(Debug)]
pub(crate) struct Ambiguous {
    pub(crate) documents: Documents,
    pub(crate) says: &'static str,
}

/// One change to one document of the good image each.
pub(crate) fn ambiguous() -> Vec<Ambiguous> {
    let good = Documents::default();
    let mut all = Vec::new();
    for (from, to, says) in CONFIGS {
        let config = changed(&good.config, from, to);
        let documents = Documents {
            config,
            ..good.clone()
        };
        all.push(Ambiguous { documents, says });
    }
    for (from, to, says) in MANIFESTS {
        let manifest = changed(&good.manifest, from, to);
        let documents = Documents {
            manifest,
            ..good.clone()
        };
        all.push(Ambiguous { documents, says });
    }
    for (from, to, says) in INDEXES {
        let index = changed(&good.index, from, to);
        let documents = Documents {
            index,
            ..good.clone()
        };
        all.push(Ambiguous { documents, says });
    }
    for (layout, says) in LAYOUTS {
        let documents = Documents {
            layout: layout.into(),
            ..good.clone()
        };
        all.push(Ambiguous { documents, says });
    }
    for manifest_type in ["application/vnd.oci.image.index.v1+json", "text/plain"] {
        let documents = Documents {
            manifest_type: manifest_type.into(),
            ..good.clone()
        };
        all.push(Ambiguous {
            documents,
            says: "",
        });
    }
    all
}

fn changed(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{text} has no {from}");
    text.replacen(from, to, 1)
}

type Change = (&'static str, &'static str, &'static str);

const CONFIGS: [Change; 22] = [
    (
        r#""User": "1000""#,
        r#""User": "1000", "user": "0""#,
        "`config.user` differs from `User`",
    ),
    (
        r#""User": "1000""#,
        r#""USER": "0""#,
        "`config.USER` differs from `User`",
    ),
    (
        r#""User": "1000""#,
        r#""User": "0", "User": "1000""#,
        "`config.User` is repeated",
    ),
    (
        r#""User": "1000""#,
        r#""User": "1000", "\u0075ser": "0""#,
        "`config.user` differs",
    ),
    (
        r#""User": "1000""#,
        r#""User": "1000", "\u0055ser": "0""#,
        "`config.User` is repeated",
    ),
    (
        r#""User": "1000""#,
        "\"User\": \"1000\", \"U\u{17f}er\": \"0\"",
        "differs from `User`",
    ),
    (
        r#""User": "1000""#,
        r#""User": "1000\u0000""#,
        "`config.User` contains a NUL",
    ),
    (
        r#""User": "1000""#,
        r#""User": "1000", "Cmd": ["\ud800"]"#,
        "end of hex escape",
    ),
    (
        r#""User": "1000""#,
        r#""User": "1000", "Cmd": "sh""#,
        "`config.Cmd` is text",
    ),
    (
        r#""User": "1000""#,
        r#""User": "1000", "Cmd": [null, "sh"]"#,
        "`config.Cmd[0]` is null",
    ),
    (
        r#""User": "1000""#,
        r#""User": 1000"#,
        "`config.User` is a number",
    ),
    (
        r#""User": "1000""#,
        r#""Labels": {"a": "1", "a": "2"}"#,
        "`config.Labels.a` is repeated",
    ),
    (
        r#""User": "1000""#,
        r#""Volumes": {"/a": {}, "/a": {"x": 1}}"#,
        "`config.Volumes./a`",
    ),
    (
        r#""User": "1000""#,
        r#""Healthcheck": {"test": ["CMD", "x"]}"#,
        "differs from `Test`",
    ),
    (
        r#""config""#,
        r#""Config": {"User": "0"}, "config""#,
        "`Config` differs from `config`",
    ),
    (
        r#""config""#,
        r#""config": {"User": "0", "Cmd": ["sh"]}, "config""#,
        "`config` is repeated",
    ),
    (
        r#""rootfs""#,
        r#""ROOTFS": {"diff_ids": ["$OTHER_DIFF_ID"]}, "rootfs""#,
        "`ROOTFS` differs",
    ),
    (
        r#""diff_ids""#,
        r#""Diff_IDs": ["$OTHER_DIFF_ID"], "diff_ids""#,
        "differs from `diff_ids`",
    ),
    (
        r#""diff_ids""#,
        r#""diff_ids": ["$OTHER_DIFF_ID"], "diff_ids""#,
        "is repeated",
    ),
    (
        r#""type": "layers""#,
        r#""type": "layers+base""#,
        "`rootfs.type` is `layers+base`",
    ),
    (
        r#""history""#,
        r#""HISTORY": [], "history""#,
        "`HISTORY` differs",
    ),
    ("{", r"{} {", "trailing characters"),
];

const MANIFESTS: [Change; 17] = [
    (
        r#""layers""#,
        r#""LAYERS": [{$OTHER_LAYER}], "layers""#,
        "`LAYERS` differs from `layers`",
    ),
    (
        r"]}",
        r#"], "Layers": [{$OTHER_LAYER}]}"#,
        "`Layers` differs from `layers`",
    ),
    (
        r"]}",
        r#"], "layers": [{$OTHER_LAYER}]}"#,
        "`layers` is repeated",
    ),
    (
        r#""config""#,
        r#""CONFIG": {$OTHER_CONFIG}, "config""#,
        "`CONFIG` differs from `config`",
    ),
    (
        r"]}",
        r#"], "config": {$OTHER_CONFIG}}"#,
        "`config` is repeated",
    ),
    (
        r#""config""#,
        r#""manifests": [{$OTHER_MANIFEST}], "config""#,
        "does not belong in a manifest",
    ),
    (
        r#""config""#,
        r#""MANIFESTS": [{$OTHER_MANIFEST}], "config""#,
        "does not belong in a manifest",
    ),
    (
        r#""config""#,
        r#""fsLayers": [{"blobSum": "x"}], "config""#,
        "does not belong in a manifest",
    ),
    (
        r#""config""#,
        r#""history": [], "config""#,
        "does not belong in a manifest",
    ),
    (
        MANIFEST,
        INDEX,
        "its media type is `application/vnd.oci.image.index.v1+json`",
    ),
    (
        r#""mediaType""#,
        r#""MediaType": "x", "mediaType""#,
        "`MediaType` differs from `mediaType`",
    ),
    (
        r#""schemaVersion": 2"#,
        r#""schemaVersion": 1"#,
        "`schemaVersion` is 1, not 2",
    ),
    (
        r#""schemaVersion": 2"#,
        r#""schemaVersion": 2.0"#,
        "`schemaVersion` is not a whole number",
    ),
    (
        "{$LAYER}",
        r#"{$LAYER, "Digest": "sha256:0"}"#,
        "`layers[0].Digest` differs from `digest`",
    ),
    (
        "{$LAYER}",
        "{$OTHER_LAYER, $LAYER}",
        "`layers[0].mediaType` is repeated",
    ),
    (
        "{$CONFIG}",
        r#"{$CONFIG, "data": "e30="}"#,
        "it differs from the `data` in its descriptor",
    ),
    (
        "{$CONFIG}",
        r#"{$CONFIG, "data": "!"}"#,
        "it differs from the `data` in its descriptor",
    ),
];

const INDEXES: [Change; 9] = [
    (
        r#""manifests""#,
        r#""Manifests": [{$OTHER_MANIFEST}], "manifests""#,
        "`Manifests` differs",
    ),
    (
        r#""manifests""#,
        r#""manifests": [{$OTHER_MANIFEST}], "manifests""#,
        "is repeated",
    ),
    (
        r#""manifests""#,
        r#""layers": [{$OTHER_LAYER}], "manifests""#,
        "does not belong in an index",
    ),
    (
        r#""manifests""#,
        r#""config": {$OTHER_CONFIG}, "manifests""#,
        "does not belong in an index",
    ),
    (
        INDEX,
        MANIFEST,
        "its media type is `application/vnd.oci.image.manifest.v1+json`",
    ),
    (
        r#""schemaVersion": 2"#,
        r#""schemaVersion": 3"#,
        "`schemaVersion` is 3, not 2",
    ),
    (
        "{$MANIFEST",
        r"{$OTHER_MANIFEST, $MANIFEST",
        "`manifests[0].mediaType` is repeated",
    ),
    (
        "{$MANIFEST",
        r#"{$OTHER_MANIFEST, "platform": {"os": "linux", "architecture": "x86_64"}}, {$MANIFEST, "platform": {"os": "linux", "architecture": "amd64"}"#,
        "spells `linux/amd64` as `linux/x86_64`",
    ),
    (
        "{$MANIFEST",
        r#"{$OTHER_MANIFEST, "platform": {"os": "Linux", "architecture": "AMD64"}}, {$MANIFEST, "platform": {"os": "linux", "architecture": "amd64"}"#,
        "spells `linux/amd64` as `Linux/AMD64`",
    ),
];

const LAYOUTS: [(&str, &str); 4] = [
    (
        r#"{"imageLayoutVersion": "2.0.0"}"#,
        "layout version `2.0.0` is not `1.0.0`",
    ),
    (
        r#"{"ImageLayoutVersion": "1.0.0"}"#,
        "differs from `imageLayoutVersion`",
    ),
    ("{}", "missing field `imageLayoutVersion`"),
    ("", "EOF while parsing"),
];
