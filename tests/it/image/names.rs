//! Names, headers and contents in all variants of the tar format.

use jettison::image::{Header, Image, Options};
use tar::Header as Block;

use crate::builders::images::{
    Tar, config, docker_archive, find, layer, length, listing, open_with, read,
};

fn header(tar: Tar) -> Header {
    let image = layer(tar);
    image.tree.inode(find(&image, "/a")).header.clone()
}

#[test]
fn long_names_in_gnu_and_pax_headers_are_read_completely() {
    let long = "d/".repeat(60) + "file";
    let link = "../".repeat(50) + "x";
    let gnu = |tar: Tar, kind, text: &str| {
        tar.raw(
            Block::new_gnu(),
            kind,
            b"././@LongLink",
            b"",
            &[text.as_bytes(), b"\0"].concat(),
            |_| {},
        )
    };
    let tar = gnu(gnu(Tar::new(), b'L', &long), b'K', &link).raw(
        Block::new_gnu(),
        b'2',
        &long.as_bytes()[..100],
        &link.as_bytes()[..100],
        b"",
        |_| {},
    );
    let records = [("path", long.as_bytes()), ("linkpath", link.as_bytes())];
    for tar in [
        tar,
        Tar::new()
            .pax(&records)
            .entry(b'2', "short", "short", b"", |_| {}),
    ] {
        let image = layer(tar);
        assert_eq!(
            listing(&image).last().unwrap(),
            &format!("/{long} -> {link}")
        );
    }
}

#[test]
fn a_ustar_prefix_is_joined_before_the_name() {
    let tar = Tar::new().entry(b'0', "name", "", b"", |header| {
        header.as_ustar_mut().unwrap().prefix[..3].copy_from_slice(b"a/b");
    });
    assert_eq!(listing(&layer(tar)), ["/a/", "/a/b/", "/a/b/name = "]);
}

#[test]
fn file_names_may_be_any_bytes() {
    let name = b"caf\xe9/\x01\n";
    let image = layer(Tar::new().raw(Block::new_ustar(), b'0', name, b"", b"x", |_| {}));
    let found = image.tree.resolve(b"/caf\xe9/\x01\n").unwrap().name;
    assert_eq!(&*image.read(found).unwrap(), b"x");
}

#[test]
fn absolute_and_untidy_names_start_at_the_root() {
    let image = layer(
        Tar::new()
            .file("/a", b"")
            .file(".//b/./c", b"")
            .file("x/../d", b""),
    );
    assert_eq!(listing(&image), ["/a = ", "/b/", "/b/c = ", "/d = "]);
}

#[test]
fn an_old_entry_whose_name_ends_in_a_slash_is_a_directory() {
    let tar = Tar::new().raw(Block::new_old(), 0, b"d/", b"", b"", |header| {
        header.as_old_mut().linkflag[0] = 0;
    });
    assert_eq!(listing(&layer(tar)), ["/d/"]);
}

#[test]
fn owners_are_read_as_large_numbers_and_as_names() {
    let tar = Tar::new().entry(b'0', "a", "", b"", |header| {
        header.set_uid(0o777_7777 + 1);
        header.set_gid(4_000_000_000);
        header.set_username("user").unwrap();
        header.set_groupname("group").unwrap();
    });
    let found = header(tar);
    assert_eq!((found.uid, found.gid), (0o777_7777 + 1, 4_000_000_000));
    assert_eq!(
        (found.user.as_slice(), found.group.as_slice()),
        (&b"user"[..], &b"group"[..])
    );
    let records: [(&str, &[u8]); 4] = [
        ("uid", b"5000000000"),
        ("gid", b"1"),
        ("uname", b"u"),
        ("gname", "ü".as_bytes()),
    ];
    let found = header(Tar::new().pax(&records).file("a", b""));
    assert_eq!((found.uid, found.gid), (5_000_000_000, 1));
    assert_eq!(
        (found.user.as_slice(), found.group.as_slice()),
        (&b"u"[..], "ü".as_bytes())
    );
    assert_eq!(found.pax, []);
}

#[test]
fn special_bits_are_part_of_the_mode() {
    assert_eq!(
        header(Tar::new().entry(b'0', "a", "", b"", |header| header.set_mode(0o104_755))).mode,
        0o4755
    );
}

#[test]
fn times_can_be_before_the_epoch_and_have_fractions() {
    let time = |text: &[u8]| header(Tar::new().pax(&[("mtime", text)]).file("a", b""));
    assert_eq!((time(b"12").mtime, time(b"12").pax), (12, vec![]));
    assert_eq!(
        (time(b"12.5").mtime, time(b"12.5").pax),
        (12, vec![("mtime".into(), b"12.5".to_vec())])
    );
    assert_eq!(time(b"-12").mtime, -12);
    assert_eq!(time(b"-0.25").mtime, -1);
    assert_eq!(time(b"-1.000").mtime, -1);
    let negative = header(Tar::new().entry(b'0', "a", "", b"", |header| {
        header.as_old_mut().mtime = [0xff; 12];
    }));
    assert_eq!(negative.mtime, -1);
}

#[test]
fn fields_may_be_empty_or_padded_with_blanks() {
    let tar = Tar::new().entry(b'0', "a", "", b"", |header| {
        let old = header.as_old_mut();
        old.uid = *b"        ";
        old.gid = [0; 8];
        old.mode = *b"   644 \0";
    });
    let found = header(tar);
    assert_eq!((found.uid, found.gid, found.mode), (0, 0, 0o644));
}

#[test]
fn extended_attributes_are_bytes_that_may_hold_line_feeds_and_zeros() {
    let capability = b"\x01\0\0\x02\n\0=\n7 a=b\n\0";
    let records: [(&str, &[u8]); 3] = [
        ("SCHILY.xattr.security.capability", capability),
        ("SCHILY.xattr.user.a", b""),
        ("SCHILY.fflags", b"kept"),
    ];
    let found = header(Tar::new().pax(&records).file("a", b""));
    assert_eq!(found.xattr("security.capability"), Some(&capability[..]));
    assert_eq!(
        found.xattrs().collect::<Vec<_>>(),
        [("security.capability", &capability[..]), ("user.a", b"")]
    );
    assert_eq!(found.pax[2], ("SCHILY.fflags".into(), b"kept".to_vec()));
}

#[test]
fn pax_comments_are_dropped_and_vendor_records_kept() {
    let records: [(&str, &[u8]); 4] = [
        ("comment", b"1"),
        ("VENDOR.key", b"2"),
        ("SCHILY.xattr.user.a", b"3"),
        ("realtime.any", b"4"),
    ];
    let found = header(Tar::new().pax(&records).file("a", b""));
    assert_eq!(
        found.pax,
        [
            ("VENDOR.key".to_owned(), b"2".to_vec()),
            ("SCHILY.xattr.user.a".to_owned(), b"3".to_vec()),
            ("realtime.any".to_owned(), b"4".to_vec()),
        ]
    );
}

#[test]
fn a_pax_record_may_be_repeated_with_the_same_value() {
    let records: [(&str, &[u8]); 3] = [
        ("SCHILY.xattr.user.a", b"2"),
        ("uid", b"7"),
        ("SCHILY.xattr.user.a", b"2"),
    ];
    let found = header(Tar::new().pax(&records).file("a", b""));
    assert_eq!(found.pax, [("SCHILY.xattr.user.a".into(), b"2".to_vec())]);
    assert_eq!(found.uid, 7);
}

#[test]
fn a_global_header_describes_no_entry() {
    let tar = Tar::new()
        .entry(b'g', "pax_global_header", "", b"13 comment=x\n", |_| {})
        .file("a", b"");
    assert_eq!(header(tar).uid, 0);
}

#[test]
fn an_empty_pax_record_does_not_override_the_header() {
    assert_eq!(
        listing(&layer(Tar::new().pax(&[("path", b"")]).file("a", b"x"))),
        ["/a = x"]
    );
}

#[test]
fn a_pax_size_record_may_repeat_the_header_size() {
    let tar = Tar::new().pax(&[("size", b"3")]).file("a", b"abc");
    assert_eq!(listing(&layer(tar.file("b", b""))), ["/a = abc", "/b = "]);
}

#[test]
fn links_and_directories_have_no_content_whatever_their_size_says() {
    let tar = Tar::new()
        .file("a", b"x")
        .entry(b'1', "b", "a", b"", |header| header.set_size(5000));
    let tar = tar.entry(b'5', "d", "", b"", |header| header.set_size(4096));
    assert_eq!(listing(&layer(tar)), ["/a = x", "/b = x", "/d/"]);
}

#[test]
fn an_archive_may_stop_without_its_two_blocks_of_zeros() {
    let bytes = Tar::new().file("a", b"x").bytes;
    assert_eq!(listing(&layer_of(&bytes)), ["/a = x"]);
    // Nor need the last block of the content be filled.
    assert_eq!(listing(&layer_of(&bytes[..513])), ["/a = x"]);
    assert_eq!(listing(&layer_of(b"")), Vec::<String>::new());
}

fn layer_of(bytes: &[u8]) -> Image {
    let layers = [bytes.to_vec()];
    open_with(
        &docker_archive(&layers, &config(&layers), &[]),
        &Options::default(),
    )
    .unwrap()
}

/// `ab`, a hole of three, `cde`, a hole of two: ten bytes.
const SPARSE: &[u8] = b"ab\0\0\0cde\0\0";

#[test]
fn sparse_files_of_the_old_gnu_format_have_their_holes_filled() {
    let tar = Tar::new().raw(Block::new_gnu(), b'S', b"a", b"", b"abcde", |header| {
        let gnu = header.as_gnu_mut().unwrap();
        gnu.set_real_size(10);
        gnu.sparse[0].set_offset(0);
        gnu.sparse[0].set_length(2);
        gnu.sparse[1].set_offset(5);
        gnu.sparse[1].set_length(3);
    });
    let image = layer(tar.file("b", b"next"));
    assert_eq!(
        (read(&image, "/a"), read(&image, "/b")),
        (SPARSE.to_vec(), b"next".to_vec())
    );
    assert_eq!(length(&image, "/a"), 10);
}

#[test]
fn sparse_maps_of_the_old_gnu_format_may_continue_in_further_blocks() {
    let mut extended = tar::GnuExtSparseHeader::new();
    extended.sparse[0].set_offset(5);
    extended.sparse[0].set_length(3);
    let mut tar = Tar::new().raw(Block::new_gnu(), b'S', b"a", b"", b"", |header| {
        header.set_size(5);
        let gnu = header.as_gnu_mut().unwrap();
        gnu.set_real_size(10);
        gnu.set_is_extended(true);
        gnu.sparse[0].set_offset(0);
        gnu.sparse[0].set_length(2);
    });
    tar.bytes.extend_from_slice(extended.as_bytes());
    tar.bytes.extend_from_slice(b"abcde");
    tar.bytes.resize(tar.bytes.len().next_multiple_of(512), 0);
    assert_eq!(read(&layer(tar), "/a"), SPARSE);
}

#[test]
fn sparse_files_of_all_three_pax_formats_have_their_holes_filled() {
    let zero: [(&str, &[u8]); 6] = [
        ("GNU.sparse.size", b"10"),
        ("GNU.sparse.numblocks", b"2"),
        ("GNU.sparse.offset", b"0"),
        ("GNU.sparse.numbytes", b"2"),
        ("GNU.sparse.offset", b"5"),
        ("GNU.sparse.numbytes", b"3"),
    ];
    let image = layer(Tar::new().pax(&zero).file("a", b"abcde"));
    assert_eq!(read(&image, "/a"), SPARSE);
    let one: [(&str, &[u8]); 4] = [
        ("GNU.sparse.name", b"a"),
        ("GNU.sparse.size", b"10"),
        ("GNU.sparse.numblocks", b"2"),
        ("GNU.sparse.map", b"0,2,5,3"),
    ];
    assert_eq!(
        read(
            &layer(Tar::new().pax(&one).file("GNUSparseFile.0/a", b"abcde")),
            "/a"
        ),
        SPARSE
    );
    let latest: [(&str, &[u8]); 4] = [
        ("GNU.sparse.major", b"1"),
        ("GNU.sparse.minor", b"0"),
        ("GNU.sparse.name", b"a"),
        ("GNU.sparse.realsize", b"10"),
    ];
    let mut data = b"2\n0\n2\n5\n3\n".to_vec();
    data.resize(512, 0);
    data.extend_from_slice(b"abcde");
    let image = layer(
        Tar::new()
            .pax(&latest)
            .file("GNUSparseFile.0/a", &data)
            .file("b", b"next"),
    );
    assert_eq!(
        listing(&image),
        [
            format!("/a = {}", str::from_utf8(SPARSE).unwrap()),
            "/b = next".into()
        ]
    );
    assert_eq!(image.tree.inode(find(&image, "/a")).header.pax, []);
}
