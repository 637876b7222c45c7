//! Compares hostile images with programs that run and unpack images: they interpret every image
//! that jettison accepts in the same way, or not at all.
//!
//! The layers are those of `tests/it/image/archives.rs`. umoci and podman apply them as an engine
//! does; GNU tar and Python, which know no whiteouts, unpack the images of one layer. The documents
//! are those of `tests/it/image/documents.rs` and every small change to the good one.

use crate::archives::{Case, Outcome, cases};
use crate::builders::images::{self, Directory, sha256};
use crate::containers::tool;
use crate::documents::{Documents, ambiguous};
use std::fs;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What jettison reads as containerd and umoci do, and another reader does not.
///
/// Where an entry goes through a symlink of a lower layer, Docker and Podman replace the symlink on
/// overlayfs. Images of tools that append layers have such entries on top of distributions in which
/// `/lib` is a symlink, so they are read. Python reads the times of GNU's format as a part of the
/// name, in archives that GNU tar itself writes. Engines create the missing directory of a
/// whiteout, umoci does not.
const KNOWN: [(&str, &str); 6] = [
    ("whiteout-in-a-missing-directory", "umoci"),
    ("opaque-missing-directory", "umoci"),
    ("record-of-aufs-in-a-missing-directory", "umoci"),
    ("file-through-a-lower-symlink", "podman"),
    ("times-of-gnu", "python"),
    ("access-time-of-gnu-alone", "python"),
];

/// A reader's result for an image: the lines of a listing, or `None` if it fails.
type Made = Option<Vec<String>>;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("e2e/readers")
}

/// An empty directory.
fn fresh(name: &str) -> PathBuf {
    let path = folder().join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

#[test]
fn layers_are_read_as_every_other_reader_does() {
    let mut different = Vec::new();
    for case in cases() {
        let layout = layout(&case);
        let reference = format!("oci:{}:latest", layout.path().display());
        let ours = images::open(&reference)
            .map(|image| images::listing(&image))
            .ok();
        println!("{}:\n  jettison {}", case.name, shown(&ours));
        for (reader, theirs) in readers(&case, layout.path()) {
            println!("  {reader} {}", shown(&theirs));
            let is_missing = matches!(case.outcome, Outcome::Read(_)) && ours.is_none();
            if KNOWN.contains(&(case.name, reader)) {
                continue;
            }
            if is_missing || (ours.is_some() && theirs.is_some() && ours != theirs) {
                different.push(format!("{} {reader}", case.name));
            }
        }
    }
    assert!(different.is_empty(), "{different:#?}");
}

fn shown(made: &Made) -> String {
    made.as_ref().map_or_else(
        || "refuses it".to_owned(),
        |lines| format!("reads {lines:?}"),
    )
}

fn readers(case: &Case, layout: &Path) -> Vec<(&'static str, Made)> {
    let mut all = vec![("umoci", by_umoci(layout)), ("podman", by_podman(layout))];
    let [layer] = &case.layers[..] else {
        return all;
    };
    let is_whiteout = |bytes: &[u8]| bytes.starts_with(b".wh.");
    if !layer.bytes.windows(4).any(is_whiteout) {
        let archive = fresh("archive").join("layer.tar");
        fs::write(&archive, layer.clone().end()).unwrap();
        all.push(("tar", by_tar(&archive)));
        all.push(("python", by_python(&archive)));
    }
    all
}

fn layout(case: &Case) -> Directory {
    let layers: Vec<Vec<u8>> = case
        .layers
        .iter()
        .map(|layer| layer.clone().end())
        .collect();
    let config = images::config(&layers).to_string().into_bytes();
    let descriptor = |media_type: &str, bytes: &[u8]| {
        let (digest, size) = (format!("sha256:{}", sha256(bytes)), bytes.len());
        serde_json::json!({"mediaType": media_type, "digest": digest, "size": size})
    };
    let of_layers: Vec<_> = layers
        .iter()
        .map(|layer| descriptor("application/vnd.oci.image.layer.v1.tar", layer))
        .collect();
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
        "layers": of_layers,
    });
    let manifest = manifest.to_string().into_bytes();
    let mut root = descriptor(media_type, &manifest);
    root["annotations"] = serde_json::json!({"org.opencontainers.image.ref.name": "latest"});
    let index = serde_json::json!({"schemaVersion": 2, "manifests": [root]}).to_string();
    let directory = Directory::new();
    for blob in layers.iter().chain([&config, &manifest]) {
        directory.file(&format!("blobs/sha256/{}", sha256(blob)), blob);
    }
    directory.file("index.json", index.as_bytes());
    directory.file("oci-layout", br#"{"imageLayoutVersion": "1.0.0"}"#);
    directory
}

fn by_umoci(layout: &Path) -> Made {
    let bundle = fresh("umoci").join("bundle");
    let image = format!("{}:latest", layout.display());
    let mut umoci = Command::new("umoci");
    umoci.args(["unpack", "--image", &image]).arg(&bundle);
    succeeds(&mut umoci).then(|| listing(&bundle.join("rootfs")))
}

fn by_podman(layout: &Path) -> Made {
    let copy = fresh("podman");
    let mut podman = tool("tests/e2e/applied.sh");
    podman
        .arg(format!("oci:{}:latest", layout.display()))
        .arg(&copy);
    succeeds(&mut podman).then(|| listing(&copy))
}

fn by_tar(archive: &Path) -> Made {
    let into = fresh("tar");
    let mut tar = Command::new("tar");
    tar.args(["--extract", "--file"]).arg(archive);
    tar.arg("--directory").arg(&into);
    succeeds(&mut tar).then(|| listing(&into))
}

fn by_python(archive: &Path) -> Made {
    let into = fresh("python");
    let script = "import sys, tarfile\n\
                  tarfile.open(sys.argv[1], errorlevel=2).extractall(sys.argv[2], filter='tar')";
    let mut python = Command::new("python3");
    python.args(["-c", script]).arg(archive).arg(&into);
    succeeds(&mut python).then(|| listing(&into))
}

fn succeeds(command: &mut Command) -> bool {
    let output = command.output().unwrap();
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        println!("    {}", text.lines().last().unwrap_or_default());
    }
    output.status.success()
}

/// The lines that [`images::listing`] would have for a directory of the host.
fn listing(root: &Path) -> Vec<String> {
    let entries = walkdir::WalkDir::new(root).min_depth(1).sort_by_file_name();
    let mut lines: Vec<String> = entries
        .into_iter()
        .map(|entry| line(root, &entry.unwrap()))
        .collect();
    lines.sort();
    lines
}

fn line(root: &Path, entry: &walkdir::DirEntry) -> String {
    let below = entry.path().strip_prefix(root).unwrap();
    let path = format!(
        "/{}",
        String::from_utf8_lossy(below.as_os_str().as_encoded_bytes())
    );
    let kind = entry.file_type();
    if kind.is_dir() {
        format!("{path}/")
    } else if kind.is_symlink() {
        let target = fs::read_link(entry.path()).unwrap();
        format!("{path} -> {}", target.display())
    } else if kind.is_file() {
        let content = fs::read(entry.path()).unwrap();
        format!("{path} = {}", String::from_utf8_lossy(&content))
    } else if kind.is_fifo() {
        format!("{path} Fifo")
    } else {
        format!("{path} {kind:?}")
    }
}

/// The image as seen at run time: its user and its files.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    user: String,
    /// The lines of a listing, or the diff ids, depending on the reader.
    content: Vec<String>,
}

#[test]
fn accepted_documents_are_read_as_every_other_reader_does() {
    let (mut different, mut read, mut all) = (Vec::new(), 0, 0);
    for (name, documents) in changed() {
        all += 1;
        let directory = documents.directory();
        let reference = format!("oci:{}:latest", directory.path().display());
        let Ok(image) = images::open(&reference) else {
            continue;
        };
        read += 1;
        let user = image.config.user().to_owned();
        let diff_ids = image.layers.iter().map(|layer| layer.diff_id.clone());
        let by_skopeo = skopeo(&reference);
        let ours = Run {
            user: user.clone(),
            content: diff_ids.collect(),
        };
        if by_skopeo.as_ref().is_some_and(|theirs| *theirs != ours) {
            different.push(format!("{name}: {ours:?}, skopeo {by_skopeo:?}"));
        }
        let by_umoci = umoci_run(directory.path());
        let user = if user.is_empty() {
            "0".to_owned()
        } else {
            user
        };
        let ours = Run {
            user,
            content: images::listing(&image),
        };
        if by_umoci.as_ref().is_some_and(|theirs| *theirs != ours) {
            different.push(format!("{name}: {ours:?}, umoci {by_umoci:?}"));
        }
        println!(
            "{name}: skopeo {}, umoci {}",
            by_skopeo.is_some(),
            by_umoci.is_some()
        );
    }
    println!("{read} of {all} are read");
    assert!(read > 0 && different.is_empty(), "{different:#?}");
}

#[test]
fn documents_refused_for_ambiguous_keys_are_accepted_by_other_readers() {
    let (mut by_skopeo, mut by_umoci) = (0, 0);
    let all = ambiguous();
    for case in &all {
        let directory = case.documents.directory();
        let reference = format!("oci:{}:latest", directory.path().display());
        let nameless = format!("oci:{}", directory.path().display());
        assert!(images::open(&nameless).is_err(), "{}", case.says);
        by_skopeo += usize::from(skopeo(&reference).is_some());
        by_umoci += usize::from(umoci_run(directory.path()).is_some());
    }
    println!(
        "of {}, skopeo reads {by_skopeo} and umoci {by_umoci}",
        all.len()
    );
    assert!(
        by_skopeo > 0 && by_umoci > 0,
        "the documents are no longer what they were"
    );
}

/// Every document of the good image with one key changed: repeated, written in another case,
/// missing, or with another value.
fn changed() -> Vec<(String, Documents)> {
    let good = Documents::default();
    let mut all = vec![("good".to_owned(), good.clone())];
    for (changed, place) in [
        (
            &good.layout,
            (|all| &mut all.layout) as fn(&mut Documents) -> &mut String,
        ),
        (&good.index, |all| &mut all.index),
        (&good.manifest, |all| &mut all.manifest),
        (&good.config, |all| &mut all.config),
    ] {
        for text in changes(changed) {
            let mut documents = good.clone();
            place(&mut documents).clone_from(&text);
            all.push((text, documents));
        }
    }
    all
}

fn changes(text: &str) -> Vec<String> {
    const VALUES: [&str; 9] = [
        "null", "0", "-1", "1.5", "\"\"", "\"x\"", "[]", "{}", "false",
    ];
    let mut all = Vec::new();
    for (place, key) in keys(text) {
        let (before, rest) = text.split_at(place);
        let behind = &rest[key.len() + 2..];
        for other in [
            key.to_uppercase(),
            key.to_lowercase(),
            title(&key),
            format!("x{key}"),
        ] {
            if other != key {
                all.push(format!("{before}\"{other}\"{behind}"));
            }
            for value in VALUES {
                all.push(format!("{before}\"{other}\": {value}, {rest}"));
            }
        }
        for value in VALUES {
            let end = value_end(behind);
            all.push(format!("{before}\"{key}\": {value}{}", &behind[end..]));
        }
    }
    all
}

fn title(key: &str) -> String {
    let (first, rest) = key.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

/// The keys of a document, and where their quotes begin.
fn keys(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (end, _) in text.match_indices("\":") {
        let start = text[..end].rfind('"').unwrap();
        found.push((start, text[start + 1..end].to_owned()));
    }
    found
}

/// The end of the value after a key.
fn value_end(behind: &str) -> usize {
    let (mut depth, mut is_text) = (0, false);
    for (place, letter) in behind.char_indices().skip(1) {
        match letter {
            '"' => is_text = !is_text,
            '{' | '[' if !is_text => depth += 1,
            '}' | ']' | ',' if !is_text && depth == 0 => return place,
            '}' | ']' if !is_text => depth -= 1,
            _ => {}
        }
    }
    behind.len()
}

fn skopeo(reference: &str) -> Option<Run> {
    let output = Command::new("skopeo")
        .args(["inspect", "--config", reference])
        .output()
        .unwrap();
    if !output.status.success() {
        return None;
    }
    let config: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let diff_ids = config["rootfs"]["diff_ids"]
        .as_array()
        .into_iter()
        .flatten();
    Some(Run {
        user: config["config"]["User"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        content: diff_ids.map(|id| id.as_str().unwrap().to_owned()).collect(),
    })
}

fn umoci_run(layout: &Path) -> Option<Run> {
    let content = by_umoci(layout)?;
    let config = fs::read(folder().join("umoci/bundle/config.json")).unwrap();
    let config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    let user = config["process"]["user"]["uid"].to_string();
    Some(Run { user, content })
}
