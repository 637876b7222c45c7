//! `slim --rest`: the slimmed image's layers and the rest together are the original.

use std::fs;
use std::process::Command;

use jettison::image::{
    Config, Content, Header, Image, Inode, Kind, LEAST_LINKED, Layers, NameId, REST_STEP, Rest,
    Selection, Silent, WriteError, WriteOptions, Written, write,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::kept_layers::{any_layer, archive};
use super::writing::various;
use crate::builders::images::{
    Directory, Tar, config, docker_archive, everything, find, layer, layers, listing, open,
};

/// An image with the files that slimming adds, and the names that it keeps.
struct Slimmed {
    image: Image,
    selection: Selection,
    /// Bytes of files with some names that are worth a layer which hides the others.
    least_linked: u64,
}

impl Slimmed {
    fn new(original: &Image, kept: impl Iterator<Item = NameId>, generated: &[&str]) -> Self {
        let mut image = original.clone();
        let mut names: Vec<NameId> = kept.collect();
        for path in generated {
            names.extend(generate(&mut image, path));
        }
        let mut selection = Selection::none(&image.tree);
        for name in names {
            selection.keep(&image.tree, name);
        }
        Self {
            image,
            selection,
            least_linked: LEAST_LINKED,
        }
    }

    fn of_paths(original: &Image, kept: &[&str], generated: &[&str]) -> Self {
        Self::new(
            original,
            kept.iter().map(|path| find(original, path)),
            generated,
        )
    }

    /// Writes the slimmed image and the rest. Returns both and what was written.
    fn write(&self, original: &Image, options: &WriteOptions) -> [(Image, Written); 2] {
        let (directory, rest) = (Directory::new(), self.rest(original, None).unwrap());
        let beside = WriteOptions {
            rest: Some(rest.of_slimmed()),
            ..options.clone()
        };
        let slimmed = self.write_to(&directory, "slim", &beside);
        let options = WriteOptions {
            rest: Some(rest.above(&slimmed.1.layers)),
            ..options.clone()
        };
        [slimmed, self.write_to(&directory, "rest", &options)]
    }

    fn write_to(
        &self,
        directory: &Directory,
        name: &str,
        options: &WriteOptions,
    ) -> (Image, Written) {
        let place = format!("docker-archive:{}", directory.path().join(name).display());
        let reference = place.parse().unwrap();
        let written = write(&self.image, &self.selection, &reference, options, &Silent);
        (open(&place).unwrap(), written.unwrap())
    }

    fn rest(&self, original: &Image, epoch: Option<jiff::Timestamp>) -> Result<Rest, WriteError> {
        let Self {
            image, selection, ..
        } = self;
        Rest::new(original, image, selection, epoch, self.least_linked)
    }
}

/// Adds a file, and missing directories above it. It replaces what has its path.
fn generate(image: &mut Image, path: &str) -> Option<NameId> {
    let inode = |kind| Inode {
        kind,
        header: Header {
            mode: 0o755,
            mtime: 7,
            ..Header::default()
        },
        layer: 0,
    };
    let (directories, file) = path.rsplit_once('/').unwrap_or(("", path));
    let mut at = NameId::ROOT;
    for component in directories.split('/').filter(|part| !part.is_empty()) {
        at = match image.tree.child(at, component.as_bytes()) {
            Some(known) => known,
            None => image
                .tree
                .insert(at, component.as_bytes(), inode(Kind::Directory)),
        };
        if !image.tree.is_directory(at) {
            return None;
        }
    }
    let record = inode(Kind::File(Content::Bytes(b"record".to_vec())));
    Some(image.tree.insert(at, file.as_bytes(), record))
}

fn keep_layers() -> WriteOptions {
    WriteOptions {
        layers: Layers::Keep,
        ..WriteOptions::default()
    }
}

/// The names of the entries in the top layer.
fn entries(written: &Image) -> Vec<String> {
    let top = written.layers.last().unwrap();
    let made = written.tree.names(top.changes.made.clone());
    let declared = top.changes.declared.iter().copied();
    let mut paths: Vec<String> = made
        .chain(declared)
        .map(|name| String::from_utf8(written.tree.path(name)).unwrap())
        .collect();
    paths.sort();
    paths
}

#[test]
fn the_rest_of_an_image_with_one_of_everything_completes_it() {
    let image = various();
    for options in [WriteOptions::default(), keep_layers()] {
        for kept in [
            &[][..],
            &["/first"],
            &["/link", "/tmp", "/sparse"],
            &["/null", "/pipe"],
        ] {
            let slimmed = Slimmed::of_paths(&image, kept, &["d/record", "new/x/record"]);
            let [(_, slim), (rest, written)] = slimmed.write(&image, &options);
            assert_eq!(everything(&rest), everything(&image), "{kept:?}");
            assert_eq!(written.layers[..slim.layers.len()], slim.layers);
            assert_eq!(written.layers.len(), slim.layers.len() + 1);
        }
    }
}

#[test]
fn the_layer_of_the_rest_has_only_what_is_missing_and_the_directories_above_it() {
    let image = layer(
        Tar::new()
            .directory("a")
            .file("a/kept", b"1")
            .directory("b")
            .file("b/kept", b"2")
            .file("b/left", b"3"),
    );
    let slimmed = Slimmed::of_paths(&image, &["/a/kept", "/b/kept"], &[]);
    let [_, (rest, _)] = slimmed.write(&image, &WriteOptions::default());
    assert_eq!(entries(&rest), ["/b", "/b/left"]);
}

#[test]
fn generated_files_are_hidden_unless_the_original_has_another_file_there() {
    let image = layer(
        Tar::new()
            .directory("db")
            .file("db/status", b"all")
            .directory("db/directory")
            .file("db/directory/below", b"x")
            .file("app", b""),
    );
    let generated = [
        "db/status",
        "db/status.d/one",
        "db/status.d/two",
        "db/directory",
        "new",
    ];
    let slimmed = Slimmed::of_paths(&image, &["/app", "/db/status"], &generated);
    let [(slim, _), (rest, written)] = slimmed.write(&image, &WriteOptions::default());
    assert_eq!(
        listing(&slim),
        [
            "/app = ",
            "/db/",
            "/db/directory = record",
            "/db/status = record",
            "/db/status.d/",
            "/db/status.d/one = record",
            "/db/status.d/two = record",
            "/new = record",
        ]
    );
    assert_eq!(everything(&rest), everything(&image));
    // Headers of `db`, `db/directory` and two whiteouts; two files with a block of content each;
    // the end.
    assert_eq!(written.layers[1].size, (2 + 2 + 2 * 2 + 2) * 512);
}

#[test]
fn a_file_of_which_one_name_is_kept_is_in_the_rest_with_all_of_its_names() {
    let lower = Tar::new().file("first", b"x").hard_link("second", "first");
    let image = layers(&[lower, Tar::new().hard_link("third", "second")]).unwrap();
    let slimmed = Slimmed::of_paths(&image, &["/second"], &[]);
    let [(slim, _), (rest, _)] = slimmed.write(&image, &WriteOptions::default());
    assert_eq!(listing(&slim), ["/second = x"]);
    assert_eq!(entries(&rest), ["/first", "/second", "/third"]);
    assert_eq!(everything(&rest), everything(&image));
}

#[test]
fn names_that_the_slimmed_image_lacks_of_a_large_file_are_hidden_in_it_and_the_file_is_stored_once()
{
    let large = vec![7; usize::try_from(LEAST_LINKED).unwrap()];
    let lower = Tar::new()
        .directory("bin")
        .file("bin/perl", &large)
        .hard_link("bin/perl5", "bin/perl")
        .directory("old")
        .hard_link("old/perl", "bin/perl");
    let image = layers(&[lower, Tar::new().file("bin/other", b"")]).unwrap();
    for options in [WriteOptions::default(), keep_layers()] {
        let slimmed = Slimmed::of_paths(&image, &["/bin/perl5"], &[]);
        let [(slim, small), (rest, whole)] = slimmed.write(&image, &options);
        assert_eq!(slim.tree.walk().count(), 2);
        assert_eq!(everything(&rest), everything(&image));
        // `bin` and its whiteout, the whiteout of `old`, the end.
        let [common, hiding] = &small.layers[..] else {
            panic!("{small:?}");
        };
        assert_eq!(hiding.size, (3 + 2) * 512);
        assert_eq!(whole.layers.len(), 2);
        assert_eq!(whole.layers[0].digest, common.digest);
        assert!(whole.layers[1].size < LEAST_LINKED, "{whole:?}");
        let step = slim.config.history().last().unwrap().created_by.clone();
        assert_eq!(step, "jettison slim");
        assert_eq!(slim.config.diff_ids().len(), 2);
    }
    // All names of a file are kept.
    let all = ["/bin/perl", "/bin/perl5", "/old/perl"];
    let [(_, small), _] =
        Slimmed::of_paths(&image, &all, &[]).write(&image, &WriteOptions::default());
    assert_eq!(small.layers.len(), 1);
}

#[test]
fn the_configuration_of_the_rest_is_that_of_the_original() {
    let image = layers(&[Tar::new().file("a", b""), Tar::new().file("b", b"")]).unwrap();
    for options in [WriteOptions::default(), keep_layers()] {
        let slimmed = Slimmed::of_paths(&image, &["/b"], &[]);
        let mut original = image.config.json().clone();
        original["config"]["User"] = json!("app");
        let rest = slimmed.rest(&image, None).unwrap();
        let options = WriteOptions {
            rest: Some(rest.with_config(Config::new(original.clone()))),
            ..options
        };
        let (rest, _) = slimmed.write_to(&Directory::new(), "rest", &options);
        let history = rest.config.history();
        let with_layer = history.iter().filter(|step| !step.empty_layer);
        assert_eq!(with_layer.count(), rest.layers.len());
        assert_eq!(history.last().unwrap().created_by, REST_STEP);
        let without = |json: &Value| {
            let mut json = json.clone();
            let object = json.as_object_mut().unwrap();
            object.retain(|key, _| key != "rootfs" && key != "history");
            json
        };
        assert_eq!(without(rest.config.json()), without(&original));
    }
}

#[test]
fn a_kept_file_whose_time_is_lowered_is_refused_and_one_that_is_left_out_keeps_its_time() {
    let dated = |tar: Tar, name: &str, time: u64| {
        tar.entry(b'0', name, "", b"", |header| header.set_mtime(time))
    };
    let image = layer(dated(dated(Tar::new(), "old", 50), "young", 200));
    let epoch = Some(jiff::Timestamp::from_second(100).unwrap());
    let slimmed = Slimmed::of_paths(&image, &["/young"], &[]);
    let error = slimmed.rest(&image, epoch).unwrap_err().to_string();
    assert!(error.contains("time of `/young`"), "{error}");
    let slimmed = Slimmed::of_paths(&image, &["/old"], &[]);
    slimmed.rest(&image, epoch).unwrap();
    let options = WriteOptions {
        epoch,
        ..WriteOptions::default()
    };
    let [(slim, _), (rest, _)] = slimmed.write(&image, &options);
    assert_eq!(everything(&rest), everything(&image));
    assert_eq!(slim.config.created(), Some("1970-01-01T00:01:40Z"));
    assert_eq!(rest.config.created(), image.config.created());
}

#[test]
fn a_rest_above_other_layers_than_those_of_the_slimmed_image_is_not_written() {
    let image = layer(Tar::new().file("a", b"").file("b", b""));
    let [one, other] = [["/a"], ["/b"]].map(|kept| Slimmed::of_paths(&image, &kept, &[]));
    let [(_, written), _] = other.write(&image, &WriteOptions::default());
    let rest = one.rest(&image, None).unwrap().above(&written.layers);
    let directory = Directory::new();
    let path = directory.path().join("rest.tar");
    let reference = format!("docker-archive:{}", path.display()).parse();
    let options = WriteOptions {
        rest: Some(rest),
        ..WriteOptions::default()
    };
    let failed = write(
        &one.image,
        &one.selection,
        &reference.unwrap(),
        &options,
        &Silent,
    );
    assert!(matches!(failed, Err(WriteError::Changed)), "{failed:?}");
    assert!(!path.exists());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_global_rejects: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_slimmed_image_and_its_rest_are_the_original(
        originals in prop::collection::vec(any_layer(), 1..5),
        kept in prop::collection::vec(any::<bool>(), 64),
        generated in prop::sample::subsequence(vec!["a", "d/a", "d/e", "d/e/new", "n/e/w"], 0..4),
        keep in any::<bool>(),
        least_linked in prop::sample::select(vec![1, LEAST_LINKED]),
    ) {
        let image = layers(&originals.iter().map(|entries| archive(entries)).collect::<Vec<_>>());
        prop_assume!(image.is_ok());
        let image = image.unwrap();
        let names = image.tree.walk().zip(kept.iter().cycle());
        let names = names.filter(|(_, kept)| **kept).map(|(name, _)| name);
        let mut slimmed = Slimmed::new(&image, names, &generated);
        slimmed.least_linked = least_linked;
        let options = if keep { keep_layers() } else { WriteOptions::default() };
        let [(small, slim), (rest, written)] = slimmed.write(&image, &options);
        prop_assert_eq!(everything(&rest), everything(&image));
        let common = written.layers.len() - 1;
        prop_assert_eq!(&written.layers[..common], &slim.layers[..common]);
        let (alone, _) = slimmed.write_to(&Directory::new(), "alone", &options);
        prop_assert_eq!(everything(&small), everything(&alone));
    }
}

/// An image in a file, in which only `/app` is needed.
fn app(directory: &Directory) -> String {
    let layer = Tar::new()
        .file("app", b"app")
        .directory("etc")
        .file("etc/junk", &[1; 3000])
        .hard_link("etc/app", "app")
        .end();
    let archive = docker_archive(
        std::slice::from_ref(&layer),
        &config(std::slice::from_ref(&layer)),
        &["app:1"],
    );
    directory.file("app.tar", &archive).display().to_string()
}

fn jettison(directory: &Directory, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_jettison"))
        .current_dir(directory.path())
        .args(arguments)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

fn opened(directory: &Directory, transport: &str, path: &str) -> Image {
    open(&format!(
        "{transport}:{}",
        directory.path().join(path).display()
    ))
    .unwrap()
}

#[test]
fn one_layout_holds_a_slimmed_image_and_its_rest_with_common_blobs() {
    let directory = Directory::new();
    let original = open(&app(&directory)).unwrap();
    let slim = [
        "slim",
        "app.tar",
        "-o",
        "oci:out:app",
        "--rest",
        "oci:out:app-rest",
    ];
    let (status, text) = jettison(&directory, &slim);
    assert_eq!(status, Some(0), "{text}");
    assert!(
        text.contains("\nwrote oci:out:app-rest, image sha256:"),
        "{text}"
    );
    let (small, rest) = (
        opened(&directory, "oci", "out:app"),
        opened(&directory, "oci", "out:app-rest"),
    );
    assert_eq!(listing(&small), ["/app = app"]);
    assert_eq!(everything(&rest), everything(&original));
    assert_eq!(rest.layers[0].digest, small.layers[0].digest);
    // Two layers, two configurations, two manifests.
    let blobs = fs::read_dir(directory.path().join("out/blobs/sha256")).unwrap();
    assert_eq!(blobs.count(), 6);
}

#[test]
fn restore_writes_the_original_from_the_rest_alone() {
    let directory = Directory::new();
    let original = open(&app(&directory)).unwrap();
    let slim = ["slim", "app.tar", "-o", "slim.tar", "--rest", "rest.tar"];
    let (status, text) = jettison(&directory, &slim);
    assert_eq!(status, Some(0), "{text}");
    fs::remove_file(directory.path().join("slim.tar")).unwrap();
    for (transport, path) in [
        ("docker-archive", "again.tar"),
        ("oci", "again"),
        ("oci-archive", "o.tar"),
    ] {
        let place = format!("{transport}:{path}");
        let (status, text) = jettison(&directory, &["restore", "rest.tar", "-o", &place]);
        assert_eq!(status, Some(0), "{text}");
        assert!(text.starts_with(&format!("wrote {place}, image")), "{text}");
        let restored = opened(&directory, transport, path);
        assert_eq!(everything(&restored), everything(&original), "{place}");
        assert_eq!(restored.config.entrypoint(), original.config.entrypoint());
        assert_eq!(restored.layers.len(), 1);
    }
    for image in ["app.tar", "again.tar"] {
        let (status, text) = jettison(&directory, &["restore", image, "-o", "oci:never"]);
        assert!(
            status == Some(2) && text.contains("was not written by `jettison slim --rest`"),
            "{text}"
        );
    }
    assert!(!directory.path().join("never").exists());
}

#[test]
fn a_rest_that_cannot_be_written_is_refused_before_anything_is_written() {
    let directory = Directory::new();
    app(&directory);
    for (output, rest, reason) in [
        ("slim.tar", "./slim.tar", "would replace the slimmed image"),
        (
            "oci:slim:app",
            "oci:./slim:app",
            "would replace the slimmed image",
        ),
        ("oci:slim", "oci:slim", "would replace the slimmed image"),
        (
            "docker-archive:a.tar:x:1",
            "docker-archive:a.tar:x:2",
            "would replace the slimmed image",
        ),
        ("-", "-", "would replace the slimmed image"),
        ("slim.tar", "rootfs:rest", "a directory has no layers"),
        ("slim.tar", "docker-achive:x", "unknown transport"),
    ] {
        let (status, text) = jettison(
            &directory,
            &["slim", "app.tar", "-o", output, "--rest", rest],
        );
        assert!(
            status == Some(2) && text.contains(reason),
            "{output} {rest}: {text}"
        );
    }
    let (status, text) = jettison(
        &directory,
        &["slim", "app.tar", "--dry-run", "--rest", "rest.tar"],
    );
    assert!(
        status == Some(2) && text.contains("cannot be used with"),
        "{text}"
    );
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn options_for_the_program_do_not_change_the_configuration_of_the_rest() {
    let directory = Directory::new();
    let original = open(&app(&directory)).unwrap();
    let slim = [
        "slim", "app.tar", "-o", "slim.tar", "--rest", "rest.tar", "--user", "7",
    ];
    let (status, text) = jettison(&directory, &slim);
    assert_eq!(status, Some(0), "{text}");
    let user = |path| {
        opened(&directory, "docker-archive", path)
            .config
            .user()
            .to_owned()
    };
    assert_eq!(
        (user("slim.tar"), user("rest.tar")),
        ("7".to_owned(), original.config.user().to_owned())
    );
}
