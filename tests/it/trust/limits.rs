//! Each limit that SECURITY.md lists: what just keeps to it is read, what just exceeds it is
//! reported. Those of registries are in `remote/hostile.rs`, those of an editor's messages beside
//! the code.

use std::fs::{self, File};

use jettison::advisories::ExportLimits;
use jettison::image::{Fault, Image, Limits, Options, ReadError};

use super::ground::{DOCKERFILE, Ground, Run, files, output_of};
use crate::builders::images::{Tar, config, docker_archive, gzip, open_with};

const MIB: usize = 1 << 20;

/// A Dockerfile of so many bytes, most of them in a comment.
fn dockerfile(length: usize) -> String {
    let rest = length - DOCKERFILE.len() - 2;
    format!("{DOCKERFILE}#{}\n", "x".repeat(rest))
}

fn lint(ground: &Ground, arguments: &[&str]) -> Run {
    let fixed = ["--no-shellcheck", "--format", "compact", "--select"];
    let rules = ["root-user,analysis-limit"];
    ground.lint(&[&fixed[..], &rules, arguments].concat())
}

#[test]
fn a_configuration_file_has_at_most_1_mib() {
    for (length, is_read) in [(MIB, true), (MIB + 1, false)] {
        let ground = Ground::new();
        let start = "exclude = [\"sub\"]\n#";
        let text = format!("{start}{}", "x".repeat(length - start.len()));
        ground.write("repo/.jettison.toml", &text);
        let run = lint(&ground, &[]);
        if is_read {
            assert_eq!(files(&run.out), ["Dockerfile"], "{}", run.err);
        } else {
            let reason = "it is larger than 1 MiB";
            assert!(run.err.contains(reason), "{}", run.err);
        }
    }
}

#[test]
fn an_ignore_file_has_at_most_256_kib_and_10_000_lines() {
    let long = |length: usize| format!("sub\n#{}", "x".repeat(length - 5));
    let lines = |count: usize| format!("sub\n{}", "?\n".repeat(count - 1));
    for (text, reason) in [
        (long(256 << 10), None),
        (long((256 << 10) + 1), Some("it is larger than 256 KiB")),
        (lines(10_000), None),
        (lines(10_001), Some("it has more than 10000 lines")),
    ] {
        let ground = Ground::new();
        ground.write("repo/.gitignore", &text);
        let run = lint(&ground, &[]);
        match reason {
            None => assert_eq!(files(&run.out), ["Dockerfile"], "{}", run.err),
            Some(reason) => {
                assert!(run.err.contains(reason), "{}", run.err);
                assert_eq!(files(&run.out), ["Dockerfile", "sub/Dockerfile"]);
            }
        }
    }
}

#[test]
fn a_dockerfile_has_at_most_1_mib_if_discovered_and_4_mib_if_named() {
    for (length, is_found, is_named) in [
        (MIB, true, true),
        (MIB + 1, false, true),
        (4 * MIB, false, true),
        (4 * MIB + 1, false, false),
    ] {
        let ground = Ground::new();
        ground.write("repo/Dockerfile", &dockerfile(length));
        let found = lint(&ground, &[]);
        assert_eq!(
            files(&found.out).contains(&"Dockerfile".to_owned()),
            is_found
        );
        assert_eq!(found.err.contains("it is larger than 1 MiB"), !is_found);
        let named = lint(&ground, &["Dockerfile"]);
        assert_eq!(
            files(&named.out).contains(&"Dockerfile".to_owned()),
            is_named
        );
        assert_eq!(named.err.contains("it is larger than 4 MiB"), !is_named);
        let mut command = ground.command();
        command.args(["lint", "--no-shellcheck", "--select", "root-user", "-"]);
        let input = output_of(command.write_stdin(dockerfile(length)));
        assert_eq!(input.code, if is_named { 1 } else { 2 }, "{}", input.err);
        assert_eq!(
            input.err.contains("larger than 4 MiB"),
            !is_named,
            "{}",
            input.err
        );
    }
}

#[test]
fn discovered_dockerfiles_have_at_most_64_mib_in_total() {
    for (extra, is_read) in [(0, true), (1, false)] {
        let ground = Ground::new();
        fs::remove_dir_all(ground.path("repo/sub")).expect("it is there");
        let first = MIB / 2;
        ground.write("repo/Dockerfile", &dockerfile(first));
        for number in 0..63 {
            let file = File::create(ground.path(&format!("repo/{number}.Dockerfile")));
            file.and_then(|file| file.set_len(MIB as u64))
                .expect("it may be sparse");
        }
        let rest = ground.path("repo/rest.Dockerfile");
        let length = (MIB - first + extra) as u64;
        File::create(rest)
            .and_then(|file| file.set_len(length))
            .expect("it may be sparse");
        let run = lint(&ground, &[]);
        let reason = "the Dockerfiles are larger than 64 MiB in total";
        assert_eq!(run.err.contains(reason), !is_read, "{}", run.err);
    }
}

#[test]
fn a_baseline_has_at_most_64_mib() {
    let ground = Ground::new();
    assert_eq!(lint(&ground, &["--write-baseline", "known.json"]).code, 0);
    let known = ground.read("repo/known.json");
    for (length, is_read) in [(64 * MIB, true), (64 * MIB + 1, false)] {
        let spaces = " ".repeat(length - known.len());
        ground.write("repo/known.json", &format!("{known}{spaces}"));
        let run = lint(&ground, &["--baseline", "known.json"]);
        assert_eq!(run.code, if is_read { 0 } else { 2 }, "{}", run.err);
        assert_eq!(
            run.err.contains("it is larger than 64 MiB"),
            !is_read,
            "{}",
            run.err
        );
    }
}

#[test]
fn a_dockerfile_has_at_most_10_000_instructions_and_1_000_stages() {
    let instructions = |count: usize| format!("FROM a:1\n{}", "USER 1\n".repeat(count - 1));
    let stages = |count: usize| "FROM a:1\nUSER 1\n".repeat(count);
    let scripts = |length: usize| {
        let start = "FROM a:1\nUSER 1\nRUN echo ";
        format!("{start}{}\n", "x".repeat(length - "echo ".len()))
    };
    let nested = |levels: usize| {
        let (open, close) = ("$(".repeat(levels), ")".repeat(levels));
        format!("FROM a:1\nUSER 1\nRUN echo {open}id{close}\n")
    };
    let words = |count: usize| format!("FROM a:1\nUSER 1\nEXPOSE {}\n", "80 ".repeat(count - 5));
    for (text, over) in [
        (scripts_of(4 << 18), None),
        (
            scripts_of((4 << 18) + 1),
            Some("more than 1 MiB of scripts"),
        ),
        (words(50_000), None),
        (words(50_001), Some("more than 50000 words")),
        (instructions(10_000), None),
        (instructions(10_001), Some("more than 10000 instructions")),
        (stages(1000), None),
        (stages(1001), Some("more than 1000 stages")),
        (scripts(384 << 10), None),
        (scripts((384 << 10) + 1), Some("longer than 384 KiB")),
        (nested(64), None),
        (nested(65), Some("nested more than 64 levels deep")),
    ] {
        let ground = Ground::new();
        ground.write("repo/Dockerfile", &text);
        let run = lint(&ground, &["--select", "analysis-limit", "Dockerfile"]);
        match over {
            None => assert!(!run.out.contains("analysis-limit"), "{}", run.out),
            Some(reason) => assert!(run.out.contains(reason), "{reason}: {}", run.out),
        }
    }
}

/// A Dockerfile with scripts of at most 256 KiB, which have so many bytes in all.
fn scripts_of(bytes: usize) -> String {
    let mut text = "FROM a:1\nUSER 1\n".to_owned();
    let mut left = bytes;
    while left > 0 {
        let length = left.min(256 << 10);
        text.push_str("RUN ");
        text.push_str(&"x".repeat(length));
        text.push('\n');
        left -= length;
    }
    text
}

fn open(layers: &[Tar], limits: Limits) -> Result<Image, ReadError> {
    let layers: Vec<Vec<u8>> = layers.iter().map(|layer| layer.clone().end()).collect();
    let options = Options {
        limits,
        ..Options::default()
    };
    open_with(&docker_archive(&layers, &config(&layers), &[]), &options)
}

#[track_caller]
fn fault(result: Result<Image, ReadError>) -> Fault {
    match result {
        Err(ReadError::Entry { problem, .. }) => problem.fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_limits_on_images_match_the_documentation() {
    let limits = Limits::default();
    assert_eq!((limits.json, limits.documents), (4 << 20, 64 << 20));
    assert_eq!(limits.platforms, 100);
    assert_eq!((limits.uncompressed, limits.ratio), (256 << 30, 1200));
    assert_eq!((limits.entries, limits.layers), (5_000_000, 10_000));
    assert_eq!((limits.path, limits.depth), (4096, 1000));
}

#[test]
fn the_limits_on_osv_exports_match_the_documentation() {
    let limits = ExportLimits::default();
    assert_eq!((limits.hits, limits.text), (100_000, 32 << 20));
    assert_eq!((limits.comparisons, limits.compared), (32 << 20, 1 << 30));
    assert_eq!((limits.record, limits.ratio), (32 << 20, 120));
}

#[test]
fn image_documents_have_at_most_4_mib() {
    let layer = Tar::new().file("a", b"x").end();
    let config = config(std::slice::from_ref(&layer)).to_string();
    for (length, is_read) in [(4 * MIB, true), (4 * MIB + 1, false)] {
        let text = r#"[{"Config": "c", "Layers": ["l"]}]"#;
        let manifest = format!("{text}{}", " ".repeat(length - text.len()));
        let archive = Tar::new().file("c", config.as_bytes()).file("l", &layer);
        let archive = archive.file("manifest.json", manifest.as_bytes()).end();
        match open_with(&archive, &Options::default()) {
            Ok(_) => assert!(is_read),
            Err(error) => {
                let expected = "`manifest.json` exceeds the limit of 4194304 bytes";
                assert!(!is_read && error.to_string() == expected, "{error}");
            }
        }
    }
}

#[test]
fn the_number_of_layers_is_limited() {
    let limits = |layers| Limits {
        layers,
        ..Limits::default()
    };
    let layers = vec![Tar::new(); 3];
    assert!(open(&layers, limits(3)).is_ok());
    let error = open(&layers, limits(2)).unwrap_err();
    assert!(
        matches!(
            error,
            ReadError::TooManyLayers {
                layers: 3,
                limit: 2
            }
        ),
        "{error}"
    );
}

#[test]
fn the_number_of_entries_is_limited() {
    let limits = |entries| Limits {
        entries,
        ..Limits::default()
    };
    let layer = (0..8).fold(Tar::new(), |tar, number| {
        tar.file(&format!("{number}"), b"")
    });
    assert!(open(std::slice::from_ref(&layer), limits(8)).is_ok());
    assert_eq!(fault(open(&[layer], limits(7))), Fault::TooManyEntries(7));
}

#[test]
fn the_uncompressed_size_is_limited() {
    let layer = Tar::new().file("a", b"x").end();
    let limits = |uncompressed| Options {
        limits: Limits {
            uncompressed,
            ..Limits::default()
        },
        ..Options::default()
    };
    let size = layer.len() as u64;
    for stored in [layer.clone(), gzip(&layer)] {
        let archive = docker_archive(&[stored], &config(std::slice::from_ref(&layer)), &[]);
        assert!(open_with(&archive, &limits(size)).is_ok());
        let error = open_with(&archive, &limits(size - 1)).unwrap_err();
        assert!(matches!(error, ReadError::Limit { .. }), "{error}");
    }
}

#[test]
fn the_compression_ratio_of_a_layer_is_limited() {
    let plain = Tar::new().file("a", &vec![0; 65 << 20]).end();
    let stored = gzip(&plain);
    // All layers together may have 64 MiB more.
    let ratio = (plain.len() as u64 - (64 << 20)).div_ceil(stored.len() as u64);
    let archive = docker_archive(&[stored], &config(&[plain]), &[]);
    for (ratio, is_read) in [(ratio, true), (ratio - 1, false)] {
        let limits = Limits {
            ratio,
            ..Limits::default()
        };
        let options = Options {
            limits,
            ..Options::default()
        };
        assert_eq!(open_with(&archive, &options).is_ok(), is_read, "{ratio}");
    }
}

#[test]
fn extension_headers_names_and_links_are_limited_in_length() {
    let limits = |header| Limits {
        header,
        ..Limits::default()
    };
    let layer = Tar::new()
        .entry(b'L', "x", "", &[b'a'; 1000], |_| {})
        .file("a", b"");
    assert!(open(std::slice::from_ref(&layer), limits(1000)).is_ok());
    let too_long = fault(open(&[layer], limits(999)));
    assert!(matches!(
        too_long,
        Fault::TooLong {
            what: "extension header",
            ..
        }
    ));
    for (length, is_read) in [(4096, true), (4097, false)] {
        let long = vec![b'a'; length];
        let named = Tar::new().pax(&[("path", &long)]).file("a", b"");
        let linked = Tar::new().pax(&[("linkpath", &long)]).symlink("a", "b");
        for layer in [named, linked] {
            let opened = open(&[layer], Limits::default());
            assert_eq!(opened.is_ok(), is_read, "{length}");
        }
    }
}

#[test]
fn the_total_length_of_headers_is_limited() {
    let attribute: (&str, &[u8]) = ("SCHILY.xattr.user.a", &[b'x'; 500]);
    let layer = Tar::new().pax(&[attribute]).file("a", b"");
    let limits = |headers| Limits {
        headers,
        ..Limits::default()
    };
    let needed = (100..2000)
        .find(|&headers| open(std::slice::from_ref(&layer), limits(headers)).is_ok())
        .expect("it takes little");
    let over = fault(open(&[layer], limits(needed - 1)));
    assert_eq!(over, Fault::HeadersTooLong(needed - 1));
}
