//! Malformed archives. Each is refused with an error that names the blob, the entry and the fault.

use jettison::image::{EntryError, Fault, Limits, Options, Platform, ReadError, Silent, Source};
use serde_json::json;

use crate::builders::images::{
    Directory, Tar, config, docker_archive, gzip, layers, listing, open, open_with, sha256, zstd,
};

/// The fault of a layer of these bytes.
fn fault_of(layer: Vec<u8>) -> EntryError {
    fault_within(layer, Limits::default())
}

fn fault_within(layer: Vec<u8>, limits: Limits) -> EntryError {
    let layers = [layer];
    let options = Options {
        limits,
        ..Options::default()
    };
    match open_with(&docker_archive(&layers, &config(&layers), &[]), &options) {
        Err(ReadError::Entry { blob, problem }) => {
            assert_eq!(blob, format!("{}.tar", sha256(&layers[0])));
            problem
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(tar: Tar, fault: &Fault) {
    assert_eq!(&fault_of(tar.end()).fault, fault);
}

#[test]
fn entry_names_that_leave_the_root_are_refused() {
    for name in ["../a", "a/../../b", "/..", "./.."] {
        let error = fault_of(Tar::new().file("first", b"").file(name, b"").end());
        assert_eq!(
            error,
            EntryError {
                name: Some(name.into()),
                place: 512,
                fault: Fault::LeavesRoot
            }
        );
    }
    refused(
        Tar::new().hard_link("a", "../../etc/passwd"),
        &Fault::LeavesRoot,
    );
}

#[test]
fn an_error_names_the_blob_the_entry_and_the_offset() {
    let layers = [Tar::new().file("../a\n", b"").end()];
    let error = open_with(
        &docker_archive(&layers, &config(&layers), &[]),
        &Options::default(),
    )
    .unwrap_err();
    let blob = format!("{}.tar", sha256(&layers[0]));
    assert_eq!(
        error.to_string(),
        format!(
            r"blob `{blob}`: entry `../a\n` at byte 0: its name points outside the root directory"
        )
    );
}

#[test]
fn truncated_content_is_reported() {
    let whole = Tar::new().file("a", &[1; 2000]).bytes;
    assert_eq!(
        fault_of(whole[..1024].to_vec()).fault,
        Fault::Truncated {
            needed: 2000,
            left: 512
        }
    );
    assert_eq!(
        fault_of(whole[..100].to_vec()).fault,
        Fault::Truncated {
            needed: 512,
            left: 100
        }
    );
}

#[test]
fn sizes_beyond_the_end_of_the_archive_are_refused() {
    let huge = Tar::new()
        .entry(b'0', "a", "", b"", |header| header.set_size(u64::MAX >> 1))
        .end();
    assert_eq!(
        fault_of(huge).fault,
        Fault::Truncated {
            needed: u64::MAX >> 1,
            left: 1024
        }
    );
    let record = Tar::new()
        .pax(&[("size", b"18446744073709551615")])
        .file("a", b"")
        .end();
    assert_eq!(
        fault_of(record).fault,
        Fault::Truncated {
            needed: u64::MAX,
            left: 1024
        }
    );
}

#[test]
fn malformed_and_oversized_numbers_are_refused() {
    let size = |bytes: [u8; 12]| {
        Tar::new().entry(b'0', "a", "", b"", |header| {
            header.as_old_mut().size = bytes;
        })
    };
    refused(size([0xff; 12]), &Fault::Number("size"));
    refused(size(*b"0000000008x\0"), &Fault::Number("size"));
    refused(
        size([0x80, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0]),
        &Fault::Number("size"),
    );
    for text in ["", "-1", "+1", "1x", "99999999999999999999"] {
        let tar = Tar::new().pax(&[("size", text.as_bytes())]).file("a", b"");
        if !text.is_empty() {
            refused(tar, &Fault::Number("size"));
        }
    }
    refused(
        Tar::new().pax(&[("mtime", b"1.x")]).file("a", b""),
        &Fault::Number("modification time"),
    );
    refused(
        Tar::new().pax(&[("uid", b"-2")]).file("a", b""),
        &Fault::Number("user ID"),
    );
}

#[test]
fn a_wrong_header_checksum_is_refused() {
    let mut bytes = Tar::new().file("a", b"").end();
    bytes[100] ^= 1;
    assert_eq!(fault_of(bytes).fault, Fault::Checksum);
    assert_eq!(fault_of(vec![b'x'; 512]).fault, Fault::Checksum);
}

#[test]
fn a_lone_zero_block_before_an_entry_is_refused() {
    let mut tar = Tar::new().file("a", b"");
    tar.bytes.resize(1024, 0);
    refused(tar.file("b", b""), &Fault::LoneZeroBlock);
}

#[test]
fn data_after_the_end_of_an_archive_is_ignored() {
    let bytes = [
        Tar::new().file("a", b"").end(),
        Tar::new().file("../b", b"").end(),
    ]
    .concat();
    let layers = [bytes];
    let image = open_with(
        &docker_archive(&layers, &config(&layers), &[]),
        &Options::default(),
    )
    .unwrap();
    assert_eq!(listing(&image), ["/a = "]);
}

#[test]
fn malformed_records_are_refused() {
    for record in [
        "x",
        "5 a=b\n",
        "99 a=b\n",
        "6 a=bc",
        "4 =\n",
        "7 abcd\n",
        "0 a=b\n",
        "1 a=b\n",
        "99999999999999999999999 a=b\n",
    ] {
        let tar = Tar::new()
            .entry(b'x', "pax", "", record.as_bytes(), |_| {})
            .file("a", b"");
        assert_eq!(fault_of(tar.end()).fault, Fault::PaxRecord, "{record:?}");
    }
}

#[test]
fn extension_headers_are_limited_in_size() {
    let limits = || Limits {
        header: 1000,
        ..Limits::default()
    };
    for kind in [b'x', b'g', b'L', b'K'] {
        let tar = Tar::new()
            .entry(kind, "pax", "", &[b' '; 1001], |_| {})
            .file("a", b"");
        let fault = Fault::TooLong {
            what: "extension header",
            size: 1001,
            limit: 1000,
        };
        assert_eq!(fault_within(tar.end(), limits()).fault, fault);
    }
}

#[test]
fn an_extension_header_without_an_entry_is_refused() {
    refused(Tar::new().pax(&[("uid", b"1")]), &Fault::Dangling);
}

#[test]
fn names_with_null_bytes_are_refused() {
    refused(
        Tar::new().pax(&[("path", b"a\0b")]).file("a", b""),
        &Fault::ZeroByte("name"),
    );
    refused(
        Tar::new().pax(&[("linkpath", b"a\0b")]).symlink("a", "b"),
        &Fault::ZeroByte("link"),
    );
    refused(
        Tar::new().pax(&[("uname", b"a\0b")]).file("a", b""),
        &Fault::ZeroByte("owner"),
    );
}

#[test]
fn names_and_links_longer_than_linux_allows_are_refused() {
    let long = vec![b'a'; 4097];
    let too_long = |what| Fault::TooLong {
        what,
        size: 4097,
        limit: 4096,
    };
    refused(
        Tar::new().pax(&[("path", &long)]).file("a", b""),
        &too_long("name"),
    );
    refused(
        Tar::new().pax(&[("linkpath", &long)]).symlink("a", "b"),
        &too_long("link"),
    );
}

#[test]
fn nonsensical_entries_are_refused() {
    refused(Tar::new().file("", b""), &Fault::NoName);
    refused(Tar::new().symlink(".", "x"), &Fault::RootReplaced);
    refused(Tar::new().symlink("a", ""), &Fault::EmptyLink);
    refused(
        Tar::new().entry(b'V', "a", "", b"", |_| {}),
        &Fault::UnknownType(b'V'),
    );
    for name in [".wh.", "d/.wh..", ".wh..."] {
        refused(Tar::new().file(name, b""), &Fault::Whiteout);
    }
}

#[test]
fn a_hard_link_needs_an_existing_file_as_its_target() {
    refused(
        Tar::new().hard_link("a", "b"),
        &Fault::LinkTargetMissing(b"b".to_vec()),
    );
    refused(
        Tar::new().hard_link("a", "/"),
        &Fault::LinkTargetMissing(b"/".to_vec()),
    );
    refused(
        Tar::new().directory("d").hard_link("a", "d"),
        &Fault::LinkToDirectory(b"d".to_vec()),
    );
}

#[test]
fn a_symlink_loop_in_an_entry_name_is_refused() {
    refused(
        Tar::new()
            .symlink("a", "b")
            .symlink("b", "a")
            .file("a/x", b""),
        &Fault::TooManyLinks,
    );
}

#[test]
fn implied_directories_count_as_entries() {
    let limits = || Limits {
        entries: 10,
        ..Limits::default()
    };
    let many = (0..12).fold(Tar::new(), |tar, index| tar.file(&format!("a{index}"), b""));
    assert_eq!(
        fault_within(many.end(), limits()).fault,
        Fault::TooManyEntries(10)
    );
    let deep = Tar::new().file("a/b/c/d/e/f/g/h/i/j/k/l", b"");
    assert_eq!(
        fault_within(deep.end(), limits()).fault,
        Fault::TooManyEntries(10)
    );
}

#[test]
fn sparse_maps_are_checked() {
    let sparse = |map: &'static str, data: &[u8]| {
        let count = map.split(',').count() / 2;
        Tar::new()
            .pax(&[
                ("GNU.sparse.size", b"10"),
                ("GNU.sparse.numblocks", count.to_string().as_bytes()),
                ("GNU.sparse.map", map.as_bytes()),
            ])
            .file("a", data)
    };
    for (map, data) in [
        ("0,2,1,2", &b"abcd"[..]),
        ("8,4", b"abcd"),
        ("0,2", b"abcd"),
        ("0,8", b"abcd"),
        ("0,2,3", b"ab"),
        ("0,x", b"ab"),
        ("18446744073709551615,2", b"ab"),
    ] {
        assert_eq!(
            fault_of(sparse(map, data).end()).fault,
            Fault::SparseMap,
            "{map}"
        );
    }
    let records: [(&str, &[u8]); 3] = [
        ("GNU.sparse.major", b"1"),
        ("GNU.sparse.minor", b"0"),
        ("GNU.sparse.realsize", b"10"),
    ];
    for data in ["999999999999\n", "", "1\n0\n", "1\n0\n5\n"] {
        refused(
            Tar::new().pax(&records).file("a", data.as_bytes()),
            &Fault::SparseMap,
        );
    }
}

#[test]
fn holes_count_as_uncompressed_bytes() {
    let records: [(&str, &[u8]); 3] = [
        ("GNU.sparse.size", b"9000000000000000000"),
        ("GNU.sparse.numblocks", b"1"),
        ("GNU.sparse.map", b"0,1"),
    ];
    let error = fault_of(Tar::new().pax(&records).file("a", b"x").end());
    assert!(matches!(error.fault, Fault::TooLarge { .. }), "{error}");
}

/// A file of `length` bytes, of which one is in the archive.
fn almost_empty(length: u64) -> Tar {
    let length = length.to_string();
    let records: [(&str, &[u8]); 3] = [
        ("GNU.sparse.size", length.as_bytes()),
        ("GNU.sparse.numblocks", b"1"),
        ("GNU.sparse.map", b"0,1"),
    ];
    Tar::new().pax(&records).file("a", b"x")
}

#[test]
fn holes_of_a_sparse_file_are_limited_by_the_layer_size() {
    let layer = almost_empty(3 << 30).end();
    let stored = layer.len() as u64;
    let error = fault_of(layer);
    let fault = Fault::TooLargeForSize {
        size: 3 << 30,
        stored,
    };
    assert_eq!(error.fault, fault);
    assert!(error.to_string().contains("`--max-ratio`"), "{error}");
    assert!(layers(&[almost_empty(64 << 20)]).is_ok());
    // A compressed layer is measured as it is stored.
    let plain = almost_empty(67 << 20).end();
    let opened = |stored: Vec<u8>| {
        let config = config(std::slice::from_ref(&plain));
        open_with(
            &docker_archive(&[stored], &config, &[]),
            &Options::default(),
        )
    };
    assert!(opened(plain.clone()).is_ok());
    assert!(opened(gzip(&plain)).is_err());
    // So is a layer that is compressed with the whole archive.
    let config = config(std::slice::from_ref(&plain));
    let archive = gzip(&docker_archive(&[plain], &config, &[]));
    assert!(open_with(&archive, &Options::default()).is_err());
}

#[test]
fn all_layers_share_one_allowance_for_holes() {
    let sparse = |count: usize| vec![almost_empty(30 << 20); count];
    assert!(layers(&sparse(2)).is_ok());
    assert!(layers(&sparse(4)).is_err());
}

#[test]
fn a_layer_that_is_a_bomb_is_stopped() {
    let plain = vec![0; 65 << 20];
    let options = Options {
        limits: Limits {
            ratio: 2,
            ..Limits::default()
        },
        ..Options::default()
    };
    let archive = docker_archive(&[zstd(&plain)], &config(&[plain]), &[]);
    let error = open_with(&archive, &options).unwrap_err();
    assert!(
        matches!(
            error,
            ReadError::Limit {
                what: "uncompressed bytes",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn the_uncompressed_size_of_all_layers_is_limited() {
    let plain = [
        Tar::new().file("a", b"").end(),
        Tar::new().file("b", b"").end(),
    ];
    let stored: Vec<_> = plain.iter().map(|layer| gzip(layer)).collect();
    for stored in [&plain[..], &stored] {
        let options = Options {
            limits: Limits {
                uncompressed: 2000,
                ..Limits::default()
            },
            ..Options::default()
        };
        let error = open_with(&docker_archive(stored, &config(&plain), &[]), &options).unwrap_err();
        assert!(
            matches!(
                error,
                ReadError::Limit {
                    what: "uncompressed bytes of all layers",
                    ..
                }
            ),
            "{error}"
        );
    }
}

#[test]
fn a_plain_layer_is_readable_while_its_digest_is_checked() {
    let meant = Tar::new().file("a", b"").end();
    let is = Tar::new().file("b", b"").end();
    let directory = Directory::new();
    let path = directory.file("image.tar", &docker_archive(&[is], &config(&[meant]), &[]));
    let reference = path.to_str().unwrap().parse().unwrap();
    let source = Source::open(&reference, &Options::default(), &Silent).unwrap();
    let (image, checks) = source
        .image_checked_later(&Platform::default(), &Silent)
        .unwrap();
    assert_eq!(listing(&image), ["/b = "]);
    let error = checks.finish().unwrap_err();
    assert!(matches!(error, ReadError::DiffIdMismatch { .. }), "{error}");
}

#[test]
fn a_wrong_digest_is_reported_before_a_broken_entry() {
    let meant = Tar::new().file("a", b"").end();
    let broken = b"no archive".repeat(100);
    let archive = docker_archive(&[broken], &config(&[meant]), &[]);
    let error = open_with(&archive, &Options::default()).unwrap_err();
    assert!(matches!(error, ReadError::DiffIdMismatch { .. }), "{error}");
}

#[test]
fn a_layer_with_the_wrong_diff_id_is_refused() {
    let (meant, is) = (
        Tar::new().file("a", b"").end(),
        Tar::new().file("b", b"").end(),
    );
    for stored in [is.clone(), gzip(&is), zstd(&is)] {
        let error = open_with(
            &docker_archive(&[stored], &config(std::slice::from_ref(&meant)), &[]),
            &Options::default(),
        );
        match error.unwrap_err() {
            ReadError::DiffIdMismatch {
                said, is: found, ..
            } => {
                assert_eq!(
                    (said, found),
                    (
                        format!("sha256:{}", sha256(&meant)),
                        format!("sha256:{}", sha256(&is))
                    )
                );
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn a_configuration_with_the_wrong_digest_is_refused() {
    let name = "0".repeat(64) + ".json";
    let manifest = json!([{"Config": name, "Layers": []}]).to_string();
    let archive = Tar::new()
        .file(&name, b"{}")
        .file("manifest.json", manifest.as_bytes())
        .end();
    let error = open_with(&archive, &Options::default()).unwrap_err();
    assert!(matches!(error, ReadError::DigestMismatch { .. }), "{error}");
}

fn docker(manifest: &str, tar: Tar) -> ReadError {
    open_with(
        &tar.file("manifest.json", manifest.as_bytes()).end(),
        &Options::default(),
    )
    .unwrap_err()
}

#[test]
fn manifests_that_refer_to_missing_blobs_are_refused() {
    let error = docker(r#"[{"Config": "c.json", "Layers": ["x"]}]"#, Tar::new());
    assert_eq!(
        error.to_string(),
        "blob `c.json` is missing, but `manifest.json` refers to it"
    );
    let config = config(&[Vec::new()]).to_string();
    let error = docker(
        r#"[{"Config": "c", "Layers": []}]"#,
        Tar::new().file("c", config.as_bytes()),
    );
    assert!(
        matches!(
            error,
            ReadError::LayerCount {
                layers: 0,
                diff_ids: 1,
                ..
            }
        ),
        "{error}"
    );
    assert!(matches!(
        docker("[]", Tar::new()),
        ReadError::NotAnImage { .. }
    ));
    assert!(matches!(docker("{", Tar::new()), ReadError::Json { .. }));
    assert!(matches!(
        docker(&"[".repeat(100_000), Tar::new()),
        ReadError::Json { .. }
    ));
}

#[test]
fn control_characters_in_manifests_never_reach_the_terminal() {
    let error = docker(r#"[{"Config": "\u001b[31m", "Layers": []}]"#, Tar::new());
    assert!(
        error
            .to_string()
            .ends_with("names a member with control characters"),
        "{error}"
    );
    let two =
        r#"[{"Config": "c", "RepoTags": ["\u001b[31m"]}, {"Config": "c", "RepoTags": ["b"]}]"#;
    assert!(
        docker(two, Tar::new())
            .to_string()
            .ends_with(r"specify one of `\x1b[31m`, `b`")
    );
}

#[test]
fn the_total_size_of_headers_in_memory_is_limited() {
    let limits = || Limits {
        headers: 1000,
        ..Limits::default()
    };
    let tar = |count: usize| {
        (0..count).fold(Tar::new(), |tar, number| {
            tar.pax(&[("SCHILY.xattr.user.a", &[b'x'; 74])])
                .file(&format!("a{number}"), b"")
        })
    };
    // The archive's own members take some.
    assert!(matches!(
        fault_within(tar(12).end(), limits()).fault,
        Fault::HeadersTooLong(1000)
    ));
    let layers = [tar(5).end()];
    let options = Options {
        limits: limits(),
        ..Options::default()
    };
    assert!(open_with(&docker_archive(&layers, &config(&layers), &[]), &options).is_ok());
}

#[test]
fn headers_are_limited_by_the_layer_size() {
    let value = vec![0; 1000 << 10];
    let tar = |count: usize, key: &str| {
        (0..count).fold(Tar::new(), |tar, number| {
            tar.pax(&[(key, &value)]).file(&format!("a{number}"), b"")
        })
    };
    let opened = |tar: Tar| {
        let plain = tar.end();
        let archive = docker_archive(&[zstd(&plain)], &config(&[plain]), &[]);
        open_with(&archive, &Options::default())
    };
    match opened(tar(68, "SCHILY.xattr.user.a")) {
        Err(ReadError::Entry { problem, .. }) => {
            assert!(
                matches!(problem.fault, Fault::HeadersTooLongForSize(_)),
                "{problem}"
            );
            assert!(problem.to_string().contains("`--max-ratio`"), "{problem}");
        }
        other => panic!("{other:?}"),
    }
    assert!(opened(tar(40, "SCHILY.xattr.user.a")).is_ok());
    // Comments are not kept, so they cost nothing.
    assert!(opened(tar(68, "comment")).is_ok());
}

#[test]
fn a_file_has_at_most_1000_extended_attributes() {
    let keys: Vec<String> = (0..1001)
        .map(|number| format!("SCHILY.xattr.user.{number}"))
        .collect();
    let records: Vec<(&str, &[u8])> = keys.iter().map(|key| (key.as_str(), &b"x"[..])).collect();
    refused(
        Tar::new().pax(&records).file("a", b""),
        &Fault::TooManyAttributes(1000),
    );
    assert!(layers(&[Tar::new().pax(&records[1..]).file("a", b"")]).is_ok());
}

#[test]
fn layers_are_limited_in_number() {
    let layers = vec![Vec::new(); 3];
    let options = Options {
        limits: Limits {
            layers: 2,
            ..Limits::default()
        },
        ..Options::default()
    };
    let error = open_with(&docker_archive(&layers, &config(&layers), &[]), &options).unwrap_err();
    assert_eq!(error.to_string(), "the image has 3 layers; the limit is 2");
}

#[test]
fn links_between_members_cannot_leave_the_archive_or_loop() {
    let config = config(&[Vec::new()]).to_string();
    let manifest = r#"[{"Config": "c", "Layers": ["a"]}]"#;
    let tar = || Tar::new().file("c", config.as_bytes());
    let error = docker(manifest, tar().symlink("a", "b").symlink("b", "a"));
    assert!(matches!(error, ReadError::BlobLinks { .. }), "{error}");
    let error = docker(
        manifest,
        tar().symlink("a", "../../../../../../../../etc/passwd"),
    );
    assert!(matches!(error, ReadError::MissingBlob { .. }), "{error}");
}

#[test]
fn json_documents_are_limited_in_size() {
    let options = Options {
        limits: Limits {
            json: 10,
            ..Limits::default()
        },
        ..Options::default()
    };
    let error = open_with(&docker_archive(&[], &config(&[]), &[]), &options).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`manifest.json` exceeds the limit of 10 bytes"
    );
}

#[test]
fn a_file_that_is_not_an_image_is_reported_as_such() {
    for bytes in [&b""[..], &[0; 1024], &Tar::new().file("a", b"").end()] {
        let error = open_with(bytes, &Options::default()).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("neither `manifest.json` nor `index.json`"),
            "{error}"
        );
    }
    let error = open_with(&[b'x'; 2000], &Options::default()).unwrap_err();
    assert!(
        matches!(
            &error,
            ReadError::Entry {
                problem: EntryError {
                    fault: Fault::Checksum,
                    ..
                },
                ..
            }
        ),
        "{error}"
    );
    assert!(matches!(
        open("./never-there.tar"),
        Err(ReadError::Io { .. })
    ));
    assert!(matches!(open("oci:never-there"), Err(ReadError::Io { .. })));
    assert!(matches!(
        open("docker-archive:/dev/null"),
        Err(ReadError::NotAnImage { .. })
    ));
    let directory = Directory::new();
    let error = open(&format!("oci:{}", directory.path().display())).unwrap_err();
    assert!(
        error.to_string().ends_with("it has no `index.json`"),
        "{error}"
    );
}

#[test]
fn an_error_about_a_limit_names_the_option_that_raises_it() {
    let plain = Tar::new().file("a/b/c", &vec![0; 70 << 20]).end();
    let archive = docker_archive(&[gzip(&plain)], &config(&[plain]), &[]);
    let error = |limits| {
        open_with(
            &archive,
            &Options {
                limits,
                ..Options::default()
            },
        )
        .unwrap_err()
        .to_string()
    };
    let usual = Limits::default;
    for (limits, option) in [
        (
            Limits {
                uncompressed: 1 << 20,
                ..usual()
            },
            "--max-size",
        ),
        (
            Limits {
                ratio: 2,
                ..usual()
            },
            "--max-ratio",
        ),
        (
            Limits {
                entries: 2,
                ..usual()
            },
            "--max-entries",
        ),
        (
            Limits {
                depth: 2,
                ..usual()
            },
            "--max-depth",
        ),
    ] {
        let error = error(limits);
        assert!(error.contains(&format!("`{option}` raises")), "{error}");
    }
}

#[test]
fn path_depth_is_limited_also_through_symlinks() {
    let limits = || Limits {
        depth: 4,
        ..Limits::default()
    };
    assert_eq!(
        fault_within(Tar::new().file("a/b/./c//d/e", b"").end(), limits()).fault,
        Fault::TooDeep(4)
    );
    let through_links = Tar::new()
        .directory("a/b/c")
        .symlink("l", "a/b/c")
        .directory("l/d/e")
        .file("l/d/e/f", b"");
    assert_eq!(
        fault_within(through_links.end(), limits()).fault,
        Fault::TooDeep(4)
    );
    let layers = [Tar::new()
        .file("a/b/c/d", b"")
        .symlink("l", "a/b/c")
        .file("l/e", b"")
        .end()];
    let options = Options {
        limits: limits(),
        ..Options::default()
    };
    assert!(open_with(&docker_archive(&layers, &config(&layers), &[]), &options).is_ok());
}

#[test]
fn an_entry_below_a_symlink_stays_in_the_root() {
    for target in [
        "/etc",
        "../../../../etc",
        "/proc/self/root/etc",
        "etc/../../etc",
    ] {
        let image = layers(&[Tar::new().symlink("l", target).file("l/passwd", b"x")]).unwrap();
        let end = target.rsplit("../").next().unwrap().trim_start_matches('/');
        assert_eq!(
            crate::builders::images::read(&image, &format!("/{end}/passwd")),
            b"x",
            "{target}"
        );
    }
    // Nor does a hard link through a link, or a link that was replaced on the way.
    let tar = Tar::new()
        .symlink("l", "/")
        .hard_link("mine", "l/etc/passwd");
    refused(tar, &Fault::LinkTargetMissing(b"l/etc/passwd".to_vec()));
    let lower = Tar::new().symlink("d", "/etc");
    let upper = Tar::new().directory("d").file("d/passwd", b"x");
    assert_eq!(
        listing(&layers(&[lower, upper]).unwrap()),
        ["/d/", "/d/passwd = x"]
    );
}

#[test]
fn symlink_cycles_of_any_shape_are_refused() {
    let circles = [
        ("a", "a"),
        ("a", "./a"),
        ("a", "../a"),
        ("a", "a/a"),
        ("a", "/a/../a"),
    ];
    for (name, target) in circles {
        refused(
            Tar::new()
                .symlink(name, target)
                .file(&format!("{name}/x"), b""),
            &Fault::TooManyLinks,
        );
    }
    // Few symlinks with long targets cost as much as many with short ones.
    let long = "d/../".repeat(800);
    let tar = || {
        (0..3).fold(Tar::new().directory("d").file("d/f", b""), |tar, number| {
            let target = match number {
                0 => format!("{long}d"),
                _ => format!("{long}l{}", number - 1),
            };
            tar.pax(&[("linkpath", target.as_bytes())])
                .symlink(&format!("l{number}"), "x")
        })
    };
    assert!(layers(&[tar().file("l1/x", b"").hard_link("y", "l1/f")]).is_ok());
    refused(tar().file("l2/x", b""), &Fault::TooManyLinks);
    refused(tar().hard_link("y", "l2/f"), &Fault::TooManyLinks);
    refused(tar().file("l2/.wh.f", b""), &Fault::TooManyLinks);
    // Each doubles the way: forty of them would take forever to follow to the end.
    let doubling = (0..60).fold(Tar::new().directory("l0"), |tar, number| {
        tar.symlink(
            &format!("l{}", number + 1),
            &format!("l{number}/../l{number}"),
        )
    });
    refused(doubling.file("l60/x", b""), &Fault::TooManyLinks);
}

#[test]
fn negative_and_overflowing_sizes_are_refused() {
    let binary = |first: u8, rest: u8| {
        let mut field = [rest; 12];
        field[0] = first;
        Tar::new().entry(b'0', "a", "", b"", |header| {
            header.as_old_mut().size = field;
        })
    };
    for (first, rest) in [(0xff, 0xff), (0xff, 0), (0xc0, 0), (0xbf, 0xff), (0x81, 0)] {
        refused(binary(first, rest), &Fault::Number("size"));
    }
    // The largest number that fits is one, and the archive has not as many bytes.
    let mut most = [0xff; 12];
    most[..5].copy_from_slice(&[0x80, 0, 0, 0, 0x7f]);
    let tar = Tar::new().entry(b'0', "a", "", b"", |header| header.as_old_mut().size = most);
    assert!(matches!(fault_of(tar.end()).fault, Fault::Truncated { .. }));
    for kind in [b'x', b'g', b'L', b'K'] {
        let tar = Tar::new().entry(kind, "a", "", b"", |header| {
            header.as_old_mut().size = [0xff; 12];
        });
        refused(tar.file("b", b""), &Fault::Number("size"));
    }
}

#[test]
fn compressed_layers_that_are_truncated_or_have_trailing_data_are_refused() {
    let plain = Tar::new()
        .file(
            "a",
            &(0..50_000_u32)
                .flat_map(u32::to_le_bytes)
                .collect::<Vec<_>>(),
        )
        .end();
    let opened = |stored: Vec<u8>| {
        open_with(
            &docker_archive(&[stored], &config(std::slice::from_ref(&plain)), &[]),
            &Options::default(),
        )
    };
    for whole in [gzip(&plain), zstd(&plain)] {
        assert!(opened(whole.clone()).is_ok());
        for end in [whole.len() - 1, whole.len() / 2, 20] {
            let error = opened(whole[..end].to_vec()).unwrap_err();
            assert!(matches!(error, ReadError::Decompress { .. }), "{error}");
        }
        let error = opened([&whole[..], b"something else, long enough for any header"].concat())
            .unwrap_err();
        assert!(matches!(error, ReadError::Decompress { .. }), "{error}");
        // Another archive behind the first is no part of the layer that the configuration means.
        let error = opened([whole.clone(), whole].concat()).unwrap_err();
        assert!(matches!(error, ReadError::DiffIdMismatch { .. }), "{error}");
    }
}

#[test]
fn skippable_zstd_frames_hide_no_content_and_cost_no_memory() {
    let plain = Tar::new().file("a", b"x").end();
    let skipped = [&b"^*M"[..], &5_u32.to_le_bytes(), b"index"].concat();
    let chunked = [
        skipped.clone(),
        zstd(&plain[..512]),
        zstd(&plain[512..]),
        skipped,
    ]
    .concat();
    let image = open_with(
        &docker_archive(&[chunked], &config(&[plain]), &[]),
        &Options::default(),
    )
    .unwrap();
    assert_eq!(listing(&image), ["/a = x"]);
    let endless = [&b"^*M"[..], &u32::MAX.to_le_bytes(), b"index"].concat();
    let error = open_with(
        &docker_archive(&[endless], &config(&[Vec::new()]), &[]),
        &Options::default(),
    )
    .unwrap_err();
    assert!(matches!(error, ReadError::Decompress { .. }), "{error}");
}

/// An archive that differs from a good one in any byte, or ends early, is read or refused, and
/// nothing worse.
#[test]
fn damage_at_any_byte_never_panics() {
    let tar = Tar::new()
        .pax(&[
            ("path", b"long/name"),
            ("GNU.sparse.size", b"10"),
            ("GNU.sparse.numblocks", b"2"),
            ("GNU.sparse.map", b"0,2,5,3"),
            ("mtime", b"1.5"),
        ])
        .file("a", b"abcde")
        .hard_link("b", "long/name")
        .symlink("c", "b");
    let good = tar.bytes;
    // Of the zeros that fill fields and blocks a few do for all.
    for at in (0..good.len()).filter(|&at| good[at] != 0 || at % 8 == 0) {
        for flip in [0x01, 0xff] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            fix_checksums(&mut bad);
            let _ = layers(&[Tar { bytes: bad }]);
        }
    }
    for end in (0..good.len()).step_by(7) {
        let _ = layers(&[Tar {
            bytes: good[..end].to_vec(),
        }]);
    }
}

/// So that damage to a header reaches what is behind its checksum.
fn fix_checksums(bytes: &mut [u8]) {
    for block in bytes.chunks_exact_mut(512) {
        if &block[257..262] == b"ustar" {
            block[148..156].fill(b' ');
            let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
}
