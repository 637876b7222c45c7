//! Faults while an image is written: the old output is unchanged, or the new one is complete.

use rustix::process::{Pid, Signal, kill_process};
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

/// A temporary directory on the disk rather than in memory.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn names(&self, name: &str) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.path(name))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// Deterministic pseudo-random numbers.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn part_of(&mut self, whole: Duration) -> Duration {
        Duration::from_micros(self.below(u64::try_from(whole.as_micros()).unwrap().max(1)))
    }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A docker archive with one layer that contains a file of random bytes.
fn archive(path: &Path, size: usize, compress: bool) {
    let mut numbers = Numbers(7);
    let noise: Vec<u8> = (0..size)
        .map(|_| u8::try_from(numbers.below(64)).unwrap())
        .collect();
    let entry = |tar: &mut tar::Builder<Vec<u8>>, name: &str, content: &[u8], mode| {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        tar.append_data(&mut header, name, content).unwrap();
    };
    let mut layer = tar::Builder::new(Vec::new());
    entry(&mut layer, "app", &noise, 0o755);
    let layer = layer.into_inner().unwrap();
    let diff_id = format!("sha256:{}", hex(&layer));
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "config": {"Cmd": ["/app"]},
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
    });
    let manifest = r#"[{"Config": "config", "RepoTags": null, "Layers": ["layer"]}]"#;
    let mut tar = tar::Builder::new(Vec::new());
    let stored = if compress {
        zstd::encode_all(&layer[..], 1).unwrap()
    } else {
        layer
    };
    entry(&mut tar, "layer", &stored, 0o644);
    entry(&mut tar, "config", config.to_string().as_bytes(), 0o644);
    entry(&mut tar, "manifest.json", manifest.as_bytes(), 0o644);
    fs::write(path, tar.into_inner().unwrap()).unwrap();
}

fn jettison(source: &Path, destination: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command
        .args(["slim", "--quiet", "--output", destination, "--keep", "/**"])
        .arg(source);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

fn succeeded(output: &Output) {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The image with this name in a layout's index, after checking that all its blobs exist and match
/// their digests.
fn whole_image(layout: &Path, name: &str) -> String {
    let blob = |digest: &serde_json::Value| {
        let hash = digest["digest"]
            .as_str()
            .unwrap()
            .strip_prefix("sha256:")
            .unwrap()
            .to_owned();
        let bytes = fs::read(layout.join("blobs/sha256").join(&hash)).unwrap();
        assert_eq!(hex(&bytes), hash);
        bytes
    };
    let index: serde_json::Value =
        serde_json::from_slice(&fs::read(layout.join("index.json")).unwrap()).unwrap();
    let is_meant = |descriptor: &&serde_json::Value| {
        descriptor["annotations"]["org.opencontainers.image.ref.name"].as_str() == Some(name)
    };
    let descriptor = index["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .find(is_meant)
        .unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&blob(descriptor)).unwrap();
    blob(&manifest["config"]);
    manifest["layers"]
        .as_array()
        .unwrap()
        .iter()
        .for_each(|layer| drop(blob(layer)));
    descriptor["digest"].as_str().unwrap().to_owned()
}

const ROUNDS: u32 = 60;

#[test]
fn killing_the_writer_leaves_the_old_or_the_new_archive() {
    let folder = Folder::new();
    let (old, new, out) = (
        folder.path("old.tar"),
        folder.path("new.tar"),
        folder.path("out.tar"),
    );
    archive(&folder.path("in.tar"), 6 << 20, false);
    fs::write(&old, "old").unwrap();
    let to = |path: &Path| format!("docker-archive:{}", path.display());
    let start = Instant::now();
    succeeded(
        &jettison(&folder.path("in.tar"), &to(&new))
            .output()
            .unwrap(),
    );
    let (time, new_bytes) = (start.elapsed(), fs::read(&new).unwrap());
    let mut numbers = Numbers(1);
    let (mut finished, mut left) = (0, 0);
    for round in 0..ROUNDS {
        fs::copy(&old, &out).unwrap();
        let mut child = jettison(&folder.path("in.tar"), &to(&out)).spawn().unwrap();
        thread::sleep(numbers.part_of(time * 5 / 4));
        let kind = [Signal::KILL, Signal::TERM, Signal::INT][round as usize % 3];
        signal(&child, kind);
        child.wait().unwrap();
        let bytes = fs::read(&out).unwrap();
        finished += u32::from(bytes == new_bytes);
        assert!(
            bytes == b"old" || bytes == new_bytes,
            "round {round}: {} bytes",
            bytes.len()
        );
        // Between the two steps of a replacement, the new file has a separate name: it is complete,
        // and removed by the next run.
        let names = folder.names(".");
        let (beside, rest): (Vec<_>, Vec<_>) = names
            .iter()
            .partition(|name| name.starts_with(".jettison-"));
        assert_eq!(
            rest,
            ["in.tar", "new.tar", "old.tar", "out.tar"],
            "round {round}"
        );
        assert!(
            beside.len() <= 1
                && beside
                    .iter()
                    .all(|name| fs::read(folder.path(name)).unwrap() == new_bytes)
        );
        left += beside.len();
    }
    succeeded(
        &jettison(&folder.path("in.tar"), &to(&out))
            .output()
            .unwrap(),
    );
    assert_eq!(
        folder.names("."),
        ["in.tar", "new.tar", "old.tar", "out.tar"]
    );
    println!("{left} left a second name");
    println!("{finished} of {ROUNDS} came to their end");
}

#[test]
fn killing_the_writer_leaves_a_complete_layout() {
    let folder = Folder::new();
    archive(&folder.path("one.tar"), 2 << 20, false);
    archive(&folder.path("two.tar"), 4 << 20, false);
    let layout = folder.path("layout");
    let to = |name: &str| format!("oci:{}:{name}", layout.display());
    succeeded(
        &jettison(&folder.path("one.tar"), &to("other"))
            .output()
            .unwrap(),
    );
    let start = Instant::now();
    succeeded(
        &jettison(&folder.path("two.tar"), &to("app"))
            .output()
            .unwrap(),
    );
    let (time, two) = (start.elapsed(), whole_image(&layout, "app"));
    succeeded(
        &jettison(&folder.path("one.tar"), &to("app"))
            .output()
            .unwrap(),
    );
    let (one, other) = (whole_image(&layout, "app"), whole_image(&layout, "other"));
    let mut numbers = Numbers(2);
    for round in 0..ROUNDS {
        let source = folder.path(if round % 2 == 0 { "two.tar" } else { "one.tar" });
        let mut child = jettison(&source, &to("app")).spawn().unwrap();
        thread::sleep(numbers.part_of(time * 5 / 4));
        signal(&child, Signal::KILL);
        child.wait().unwrap();
        let now = whole_image(&layout, "app");
        assert!(now == one || now == two, "round {round}: {now}");
        assert_eq!(whole_image(&layout, "other"), other);
        let names = folder.names("layout");
        let rest: Vec<_> = names
            .iter()
            .filter(|name| !name.starts_with(".jettison-"))
            .collect();
        assert!(
            names.len() <= 4 && rest == ["blobs", "index.json", "oci-layout"],
            "round {round}: {names:?}"
        );
    }
    succeeded(
        &jettison(&folder.path("one.tar"), &to("app"))
            .output()
            .unwrap(),
    );
    assert_eq!(
        folder.names("layout"),
        ["blobs", "index.json", "oci-layout"]
    );
}

#[test]
fn killing_the_writer_leaves_a_new_layout_complete_or_absent() {
    let folder = Folder::new();
    archive(&folder.path("in.tar"), 2 << 20, false);
    let layout = folder.path("layout");
    let to = format!("oci:{}:app", layout.display());
    let start = Instant::now();
    succeeded(&jettison(&folder.path("in.tar"), &to).output().unwrap());
    let (time, image) = (start.elapsed(), whole_image(&layout, "app"));
    let mut numbers = Numbers(3);
    for _ in 0..ROUNDS {
        let _ = fs::remove_dir_all(&layout);
        let mut child = jettison(&folder.path("in.tar"), &to).spawn().unwrap();
        thread::sleep(numbers.part_of(time * 5 / 4));
        signal(&child, Signal::KILL);
        child.wait().unwrap();
        assert!(!layout.exists() || whole_image(&layout, "app") == image);
    }
}

/// Runs a script with a separate small file system at `$small`.
fn with_small_disk(megabytes: u32, script: &str, arguments: &[&Path]) -> Output {
    let folder = Folder::new();
    let mount = format!("mount -t tmpfs -o size={megabytes}m none \"$small\"\n{script}");
    let mut command = Command::new("unshare");
    command
        .args([
            "--mount",
            "sh",
            "-euc",
            &mount,
            env!("CARGO_BIN_EXE_jettison"),
        ])
        .args(arguments);
    command.env("small", folder.0.path()).output().unwrap()
}

#[test]
fn a_full_disk_leaves_the_previous_output() {
    let folder = Folder::new();
    let source = folder.path("in.tar");
    archive(&source, 6 << 20, false);
    for (destination, old) in [
        ("docker-archive", "file"),
        ("oci-archive", "file"),
        ("oci", "layout"),
        ("oci", "none"),
    ] {
        // The old output, the attempt, then the remaining files and the status.
        let script = format!(
            "cd \"$small\"
             case {old} in
                 file) echo old >out ;;
                 layout) mkdir out && echo '{{}}' >out/oci-layout && echo '{{\"manifests\": []}}' >out/index.json ;;
             esac
             status=0
             \"$0\" slim \"$1\" --quiet --compression none --keep '/**' --output {destination}:out >&2 || status=$?
             echo $status; find . -type f | sort; find . -type f -exec cat {{}} +"
        );
        let output = with_small_disk(4, &script, &[&source]);
        let left = String::from_utf8(output.stdout).unwrap();
        let expected = match old {
            "file" => "2\n./out\nold\n",
            "layout" => "2\n./out/index.json\n./out/oci-layout\n{\"manifests\": []}\n{}\n",
            _ => "2\n",
        };
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(left, expected, "{destination} {old}: {error}");
        assert!(
            error.contains("cannot write `out`") && error.contains("No space left"),
            "{error}"
        );
    }
}

#[test]
fn a_full_disk_for_temporary_files_is_reported_as_such() {
    let folder = Folder::new();
    let source = folder.path("in.tar");
    archive(&source, 6 << 20, true);
    let script =
        "TMPDIR=$small \"$0\" slim \"$1\" --quiet --keep '/**' --output docker-archive:\"$2\"";
    let out = folder.path("out.tar");
    let output = with_small_disk(4, script, &[&source, &out]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(
        error.contains("cannot spool blob `layer`") && error.contains("No space left"),
        "{error}"
    );
    assert!(!out.exists());
}

#[test]
fn a_source_truncated_while_it_is_read_is_an_error_and_not_a_crash() {
    let folder = Folder::new();
    let (source, out) = (folder.path("in.tar"), folder.path("out.tar"));
    archive(&folder.path("whole.tar"), 6 << 20, false);
    let start = Instant::now();
    fs::copy(folder.path("whole.tar"), &source).unwrap();
    let to = format!("docker-archive:{}", out.display());
    succeeded(&jettison(&source, &to).output().unwrap());
    let (time, new) = (start.elapsed(), fs::read(&out).unwrap());
    let mut numbers = Numbers(4);
    for round in 0..ROUNDS {
        fs::copy(folder.path("whole.tar"), &source).unwrap();
        fs::write(&out, "old").unwrap();
        let child = jettison(&source, &to).spawn().unwrap();
        thread::sleep(numbers.part_of(time));
        fs::File::options()
            .write(true)
            .open(&source)
            .unwrap()
            .set_len(numbers.below(6 << 20))
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let bytes = fs::read(&out).unwrap();
        match output.status.code() {
            Some(0) => assert!(bytes == new, "round {round}"),
            Some(2) => assert_eq!(bytes, b"old", "round {round}"),
            other => panic!(
                "round {round}: {other:?}, {}",
                String::from_utf8_lossy(&output.stderr)
            ),
        }
    }
}
