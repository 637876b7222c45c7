//! Layers that readers of tar archives interpret differently, and jettison's result for each.
//!
//! The reason for each is in `tests/e2e/readers.rs`, which shows the same layers to umoci, podman,
//! GNU tar and Python.

use crate::builders::images::Tar;

/// An image with a few layers.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) layers: Vec<Tar>,
    pub(crate) outcome: Outcome,
}

/// jettison's result for an image.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    /// The lines of its listing.
    Read(&'static [&'static str]),
    /// A part of the error.
    Refused(&'static str),
}

use Outcome::{Read, Refused};

/// Every case.
pub(crate) fn cases() -> Vec<Case> {
    let all = [
        repeated_records(),
        global_headers(),
        several_names(),
        sizes(),
        numbers(),
        sparse(),
        sparse_names(),
        ends(),
        spellings(),
        prefixes(),
        links(),
        hard_link_headers(),
        hard_link_attributes(),
        whiteouts(),
        odd_whiteouts(),
        missing_directories_of_whiteouts(),
        opaque_markers(),
        late_opaque_markers(),
        parents(),
        overlay(),
    ];
    all.into_iter().flatten().collect()
}

fn case(name: &'static str, layer: Tar, outcome: Outcome) -> Case {
    Case {
        name,
        layers: vec![layer],
        outcome,
    }
}

fn over(name: &'static str, lower: Tar, upper: Tar, outcome: Outcome) -> Case {
    Case {
        name,
        layers: vec![lower, upper],
        outcome,
    }
}

/// A GNU long name (`L`) or link target (`K`).
fn long(tar: Tar, kind: u8, text: &[u8]) -> Tar {
    tar.entry(kind, "././@LongLink", "", text, |_| {})
}

/// One whole entry, which a reader that believes in another size sees as content.
fn hidden() -> Vec<u8> {
    Tar::new().file("hidden", b"x").bytes
}

fn after(mut tar: Tar, bytes: &[u8]) -> Tar {
    tar.bytes.extend_from_slice(bytes);
    tar
}

fn repeated_records() -> Vec<Case> {
    let pax = |records: &[(&str, &[u8])]| Tar::new().pax(records);
    vec![
        case(
            "repeated-path",
            pax(&[("path", b"a"), ("path", b"b")]).file("c", b""),
            Refused("the PAX record `path` is repeated with a different value"),
        ),
        case(
            "repeated-size",
            pax(&[("size", b"0"), ("size", b"4")]).file("c", b"data"),
            Refused("the PAX record `size` is repeated with a different value"),
        ),
        case(
            "repeated-linkpath",
            pax(&[("linkpath", b"a"), ("linkpath", b"b")]).symlink("c", "d"),
            Refused("the PAX record `linkpath` is repeated with a different value"),
        ),
        case(
            "repeated-attribute",
            pax(&[("SCHILY.xattr.user.a", b"1"), ("SCHILY.xattr.user.a", b"2")]).file("c", b""),
            Refused("the PAX record `SCHILY.xattr.user.a` is repeated with a different value"),
        ),
        case(
            "repeated-alike",
            pax(&[("path", b"a"), ("path", b"a")]).file("c", b""),
            Read(&["/a = "]),
        ),
        case(
            "empty-record-after-a-full-one",
            pax(&[("path", b"a"), ("path", b"")]).file("c", b""),
            Refused("the PAX record `path` is repeated with a different value"),
        ),
        case(
            "empty-record",
            pax(&[("path", b"")]).file("c", b""),
            Read(&["/c = "]),
        ),
        case(
            "zero-byte-in-a-key",
            pax(&[("path\0", b"a")]).file("c", b""),
            Refused("a PAX record is malformed"),
        ),
        case(
            "zero-byte-in-a-path",
            pax(&[("path", b"a\0b")]).file("c", b""),
            Refused("its name contains a NUL byte"),
        ),
    ]
}

fn global_headers() -> Vec<Case> {
    let pax = |records: &[(&str, &[u8])]| Tar::new().pax(records);
    vec![
        case(
            "global-comment",
            Tar::new()
                .entry(b'g', "pax", "", b"13 comment=x\n", |_| {})
                .file("c", b""),
            Read(&["/c = "]),
        ),
        case(
            "global-path",
            Tar::new()
                .entry(b'g', "pax", "", b"10 path=a\n", |_| {})
                .file("c", b""),
            Refused("a global PAX header contains the record `path`"),
        ),
        case(
            "global-size",
            after(
                Tar::new()
                    .entry(b'g', "pax", "", b"13 size=1024\n", |_| {})
                    .file("c", b""),
                &hidden(),
            ),
            Refused("a global PAX header contains the record `size`"),
        ),
        case(
            "global-sparse",
            Tar::new()
                .entry(b'g', "pax", "", b"23 GNU.sparse.name=new\n", |_| {})
                .file("c", b""),
            Refused("a global PAX header contains the record `GNU.sparse.name`"),
        ),
        case(
            "global-attribute",
            Tar::new()
                .entry(b'g', "pax", "", b"25 SCHILY.xattr.user.a=1\n", |_| {})
                .file("c", b""),
            Refused("a global PAX header contains the record `SCHILY.xattr.user.a`"),
        ),
        case(
            "global-between-a-header-and-its-entry",
            pax(&[("path", b"a")])
                .entry(b'g', "pax", "", b"13 comment=x\n", |_| {})
                .file("c", b""),
            Refused("a global PAX header is between an extension header and its entry"),
        ),
    ]
}

fn several_names() -> Vec<Case> {
    let pax = |tar: Tar, path: &[u8]| tar.pax(&[("path", path)]);
    let two = "its extension headers give different names or link targets";
    vec![
        case(
            "pax-then-long-name",
            long(pax(Tar::new(), b"a"), b'L', b"b\0").file("c", b""),
            Refused(two),
        ),
        case(
            "long-name-then-pax",
            pax(long(Tar::new(), b'L', b"b\0"), b"a").file("c", b""),
            Refused(two),
        ),
        case(
            "pax-and-long-name-alike",
            pax(long(Tar::new(), b'L', b"a\0"), b"a").file("c", b""),
            Read(&["/a = "]),
        ),
        case(
            "two-long-names",
            long(long(Tar::new(), b'L', b"a\0"), b'L', b"b\0").file("c", b""),
            Refused("it has several extension headers of the same kind"),
        ),
        case(
            "two-long-links",
            long(long(Tar::new(), b'K', b"a\0"), b'K', b"b\0").symlink("c", "d"),
            Refused("it has several extension headers of the same kind"),
        ),
        case(
            "two-pax-headers",
            pax(pax(Tar::new(), b"a"), b"b").file("c", b""),
            Refused("it has several extension headers of the same kind"),
        ),
        case(
            "two-pax-headers-for-two-things",
            pax(Tar::new(), b"a").pax(&[("uid", b"5")]).file("c", b""),
            Refused("it has several extension headers of the same kind"),
        ),
        case(
            "linkpath-and-long-link",
            long(Tar::new().pax(&[("linkpath", b"a")]), b'K', b"b\0").symlink("c", "d"),
            Refused(two),
        ),
        case(
            "long-name-with-more-behind-its-end",
            long(Tar::new(), b'L', b"a\0b").file("c", b""),
            Read(&["/a = "]),
        ),
        case(
            "long-name-without-an-end",
            long(Tar::new(), b'L', b"a").file("c", b""),
            Read(&["/a = "]),
        ),
        case(
            "empty-long-name",
            long(Tar::new(), b'L', b"\0").file("c", b""),
            Refused("it has no name"),
        ),
    ]
}

fn sizes() -> Vec<Case> {
    let contradiction = "its size is 1024 in a PAX record and 0 in its header";
    let content = |kind: u8, link: &str| {
        after(
            Tar::new().entry(kind, "a", link, b"", |header| header.set_size(1024)),
            &hidden(),
        )
    };
    vec![
        case(
            "pax-size-beside-none",
            after(
                Tar::new().pax(&[("size", b"1024")]).file("a", b""),
                &hidden(),
            ),
            Refused(contradiction),
        ),
        case(
            "pax-size-of-nothing",
            Tar::new().pax(&[("size", b"0")]).file("a", &hidden()),
            Refused("its size is 0 in a PAX record and 1024 in its header"),
        ),
        case(
            "pax-size-alike",
            Tar::new().pax(&[("size", b"3")]).file("a", b"abc"),
            Read(&["/a = abc"]),
        ),
        case(
            "directory-with-content",
            content(b'5', ""),
            Read(&["/a/", "/hidden = x"]),
        ),
        case(
            "symlink-with-content",
            content(b'2', "b"),
            Read(&["/a -> b", "/hidden = x"]),
        ),
        case(
            "fifo-with-content",
            content(b'6', ""),
            Read(&["/a Fifo", "/hidden = x"]),
        ),
        case(
            "hard-link-with-content",
            after(
                Tar::new()
                    .file("b", b"")
                    .entry(b'1', "a", "b", b"", |header| header.set_size(1024)),
                &hidden(),
            ),
            Read(&["/a = ", "/b = ", "/hidden = x"]),
        ),
        case(
            "directory-with-content-by-pax",
            after(
                Tar::new().pax(&[("size", b"1024")]).directory("a"),
                &hidden(),
            ),
            Refused("its size is 1024 in a PAX record and 0 in its header"),
        ),
    ]
}

fn numbers() -> Vec<Case> {
    let bent = |bend: fn(&mut tar::Header)| Tar::new().entry(b'0', "a", "", b"", bend);
    let mut signed = Tar::new();
    signed = signed.raw(tar::Header::new_ustar(), b'0', b"\xff", b"", b"", |_| {});
    let sum: i64 = signed.bytes[..148]
        .iter()
        .chain(&[b' '; 8])
        .chain(&signed.bytes[156..512])
        .map(|&byte| i64::from(byte.cast_signed()))
        .sum();
    signed.bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let checksum = |text: &[u8; 8]| {
        let mut tar = Tar::new().file("a", b"");
        let digits = tar.bytes[149..155].to_vec();
        tar.bytes[148..156].copy_from_slice(text);
        let places = text.iter().zip(148..).filter(|(byte, _)| **byte == b'#');
        for ((_, place), digit) in places.zip(digits) {
            tar.bytes[place] = digit;
        }
        tar
    };
    vec![
        case(
            "size-after-a-blank-and-a-zero",
            bent(|header| header.as_old_mut().size = *b" \x000000001000"),
            Refused("its size is not a number or is out of range"),
        ),
        case(
            "mode-after-a-blank-and-a-zero",
            bent(|header| header.as_old_mut().mode = *b" \x00004755"),
            Refused("its mode is not a number or is out of range"),
        ),
        case(
            "negative-user",
            bent(|header| header.as_old_mut().uid = [0xff; 8]),
            Refused("its user ID is not a number or is out of range"),
        ),
        case(
            "negative-mode",
            bent(|header| header.as_old_mut().mode = [0xff; 8]),
            Refused("its mode is not a number or is out of range"),
        ),
        case(
            "negative-size",
            bent(|header| header.as_old_mut().size = [0xff; 12]),
            Refused("its size is not a number or is out of range"),
        ),
        case(
            "negative-time",
            bent(|header| header.as_old_mut().mtime = [0xff; 12]),
            Read(&["/a = "]),
        ),
        case("signed-checksum", signed, Read(&["/\u{fffd} = "])),
        case(
            "checksum-of-spaces-first",
            checksum(b" ######\0"),
            Read(&["/a = "]),
        ),
        case(
            "checksum-with-a-second-number",
            checksum(b"###### 7"),
            Refused("its checksum is wrong"),
        ),
        case(
            "size-with-a-second-number",
            bent(|header| header.as_old_mut().size = *b"000 00000000"),
            Refused("its size is not a number or is out of range"),
        ),
        case(
            "size-behind-a-zero",
            bent(|header| header.as_old_mut().size = *b"\x0000000000000"),
            Refused("its size is not a number or is out of range"),
        ),
        case(
            "size-with-something-behind-its-end",
            bent(|header| header.as_old_mut().size = *b"000\x00777777x\0"),
            Read(&["/a = "]),
        ),
        case(
            "size-with-a-sign",
            bent(|header| header.as_old_mut().size = *b"-0000000000\0"),
            Refused("its size is not a number or is out of range"),
        ),
        case(
            "mode-with-a-file-type",
            bent(|header| header.set_mode(0o100_644)),
            Read(&["/a = "]),
        ),
    ]
}

/// The data of a sparse file in format 1.0: a map of one piece, padded to a block, and the piece.
fn sparse_data() -> Vec<u8> {
    let mut data = b"1\n4\n2\n".to_vec();
    data.resize(512, 0);
    data.extend_from_slice(b"ab");
    data
}

/// The records of such a file, in some version of the format.
fn sparse_records(major: &'static [u8], minor: &'static [u8]) -> Tar {
    Tar::new().pax(&[
        ("GNU.sparse.major", major),
        ("GNU.sparse.minor", minor),
        ("GNU.sparse.name", b"new"),
        ("GNU.sparse.realsize", b"6"),
    ])
}

fn sparse() -> Vec<Case> {
    let data = sparse_data();
    let unknown = "its sparse map is malformed";
    vec![
        case(
            "sparse-1.0",
            sparse_records(b"1", b"0").file("a", &data),
            Read(&["/new = \0\0\0\0ab"]),
        ),
        case(
            "sparse-1.1",
            sparse_records(b"1", b"1").file("a", &data),
            Refused(unknown),
        ),
        case(
            "sparse-1.0-with-a-zero-in-front",
            sparse_records(b"01", b"0").file("a", &data),
            Refused(unknown),
        ),
        case(
            "sparse-0.00",
            Tar::new()
                .pax(&[
                    ("path", b"old"),
                    ("GNU.sparse.major", b"0"),
                    ("GNU.sparse.minor", b"00"),
                    ("GNU.sparse.size", b"2"),
                    ("GNU.sparse.numblocks", b"1"),
                    ("GNU.sparse.map", b"0,2"),
                ])
                .file("a", b"ab"),
            Refused(unknown),
        ),
        case(
            "sparse-size-without-a-map",
            Tar::new().pax(&[("GNU.sparse.size", b"0")]).file("a", b""),
            Refused(unknown),
        ),
        case(
            "sparse-0.1-without-a-count",
            Tar::new()
                .pax(&[
                    ("GNU.sparse.major", b"0"),
                    ("GNU.sparse.minor", b"1"),
                    ("GNU.sparse.size", b"2"),
                    ("GNU.sparse.map", b"0,2"),
                ])
                .file("a", b"ab"),
            Refused(unknown),
        ),
        case(
            "sparse-2.0",
            sparse_records(b"2", b"0").file("a", &data),
            Refused(unknown),
        ),
        case(
            "sparse-2.0-of-nothing",
            sparse_records(b"2", b"0").file("a", b""),
            Refused(unknown),
        ),
        case(
            "sparse-symlink",
            sparse_records(b"1", b"0").symlink("a", "b"),
            Refused(unknown),
        ),
        case(
            "sparse-directory",
            sparse_records(b"1", b"0").directory("a"),
            Refused(unknown),
        ),
    ]
}

fn sparse_names() -> Vec<Case> {
    let data = sparse_data();
    let unknown = "its sparse map is malformed";
    vec![
        case(
            "sparse-name-alone",
            Tar::new()
                .pax(&[("GNU.sparse.name", b"new")])
                .file("a", b"ab"),
            Refused(unknown),
        ),
        case(
            "sparse-name-beside-a-long-name",
            long(sparse_records(b"1", b"0"), b'L', b"old\0").file("a", &data),
            Refused("its extension headers give different names or link targets"),
        ),
        case(
            "sparse-name-beside-a-path",
            Tar::new()
                .pax(&[
                    ("path", b"GNUSparseFile.0/new"),
                    ("GNU.sparse.major", b"1"),
                    ("GNU.sparse.minor", b"0"),
                    ("GNU.sparse.name", b"new"),
                    ("GNU.sparse.realsize", b"6"),
                ])
                .file("a", &data),
            Read(&["/new = \0\0\0\0ab"]),
        ),
        case(
            "sparse-name-before-a-path",
            Tar::new()
                .pax(&[
                    ("GNU.sparse.major", b"1"),
                    ("GNU.sparse.minor", b"0"),
                    ("GNU.sparse.name", b"new"),
                    ("GNU.sparse.realsize", b"6"),
                    ("path", b"GNUSparseFile.0/new"),
                ])
                .file("a", &data),
            Refused("its extension headers give different names or link targets"),
        ),
        case(
            "sparse-0.1",
            Tar::new()
                .pax(&[
                    ("GNU.sparse.size", b"6"),
                    ("GNU.sparse.numblocks", b"1"),
                    ("GNU.sparse.map", b"4,2"),
                ])
                .file("a", b"ab"),
            Read(&["/a = \0\0\0\0ab"]),
        ),
        case(
            "sparse-map-of-fewer-pieces-than-it-says",
            Tar::new()
                .pax(&[
                    ("GNU.sparse.size", b"6"),
                    ("GNU.sparse.numblocks", b"2"),
                    ("GNU.sparse.map", b"4,2"),
                ])
                .file("a", b"ab"),
            Refused(unknown),
        ),
    ]
}

fn ends() -> Vec<Case> {
    let mut lone = Tar::new().file("a", b"");
    lone.bytes.resize(1024, 0);
    vec![
        case(
            "one-block-of-zeros",
            lone.file("b", b""),
            Refused("a single block of zeros is followed by other data"),
        ),
        case(
            "entries-after-the-end",
            after(
                Tar {
                    bytes: Tar::new().file("a", b"").end(),
                },
                &Tar::new().file("b", b"").bytes,
            ),
            Read(&["/a = "]),
        ),
    ]
}

fn spellings() -> Vec<Case> {
    let old = |name: &str| {
        Tar::new().raw(
            tar::Header::new_old(),
            b'\0',
            name.as_bytes(),
            b"",
            b"",
            |header| header.as_old_mut().linkflag[0] = 0,
        )
    };
    vec![
        case("dot-first", Tar::new().file("./a", b"x"), Read(&["/a = x"])),
        case(
            "two-slashes",
            Tar::new().directory("a").file("a//b", b"x"),
            Read(&["/a/", "/a/b = x"]),
        ),
        case(
            "slash-first",
            Tar::new().file("/a", b"x"),
            Read(&["/a = x"]),
        ),
        case("dot-last", Tar::new().directory("a/."), Read(&["/a/"])),
        case(
            "file-with-a-slash",
            Tar::new().file("a/", b""),
            Refused("it is a file, but its name ends in `/`"),
        ),
        case(
            "full-file-with-a-slash",
            after(Tar::new().file("a/", &hidden()), &[]),
            Refused("it is a file, but its name ends in `/`"),
        ),
        case("old-directory", old("a/"), Read(&["/a/"])),
        case(
            "old-file-by-a-record",
            after(Tar::new().pax(&[("path", b"a/")]), &old("b").bytes),
            Refused("it is a file, but its name ends in `/`"),
        ),
        case(
            "old-directory-by-a-long-name",
            after(long(Tar::new(), b'L', b"a/\0"), &old("b").bytes),
            Refused("it is a file, but its name ends in `/`"),
        ),
        case(
            "symlink-with-a-slash",
            Tar::new().symlink("a/", "b"),
            Read(&["/a -> b"]),
        ),
        case(
            "two-names-for-one",
            Tar::new()
                .file("a", b"1")
                .file("./a", b"2")
                .file("//a", b"3"),
            Refused("it replaces an entry in its own layer"),
        ),
        case(
            "up-and-down",
            Tar::new().directory("a").file("a/../b", b"x"),
            Read(&["/a/", "/b = x"]),
        ),
        case(
            "up",
            Tar::new().file("../a", b""),
            Refused("its name points outside the root directory"),
        ),
        case(
            "directory-then-file",
            Tar::new().directory("a").file("a", b"x"),
            Refused("it replaces an entry in its own layer"),
        ),
        case(
            "file-then-directory",
            Tar::new().file("a", b"x").directory("a"),
            Refused("it replaces an entry in its own layer"),
        ),
        case(
            "contiguous-file",
            Tar::new().entry(b'7', "a", "", b"x", |_| {}),
            Refused("its type `7` is unknown"),
        ),
    ]
}

fn prefixes() -> Vec<Case> {
    let with = |magic: &'static [u8; 8], tail: &'static [u8; 4]| {
        Tar::new().raw(
            tar::Header::new_ustar(),
            b'0',
            b"b",
            b"",
            b"x",
            move |header| {
                let bytes = header.as_mut_bytes();
                bytes[257..265].copy_from_slice(magic);
                bytes[345..346].copy_from_slice(b"a");
                bytes[508..512].copy_from_slice(tail);
            },
        )
    };
    let mut star = Tar::new();
    star = star.raw(tar::Header::new_ustar(), b'0', b"b", b"", b"x", |header| {
        let bytes = header.as_mut_bytes();
        bytes[345..480].fill(b'a');
        bytes[508..512].copy_from_slice(b"tar\0");
    });
    let another = "readers disagree on its name prefix";
    let times = |access: &'static [u8; 12], change: &'static [u8; 12]| {
        let header = tar::Header::new_ustar();
        Tar::new().raw(header, b'0', b"b", b"", b"x", move |header| {
            let bytes = header.as_mut_bytes();
            bytes[257..265].copy_from_slice(b"ustar  \0");
            bytes[345..357].copy_from_slice(access);
            bytes[357..369].copy_from_slice(change);
        })
    };
    vec![
        case(
            "times-of-gnu",
            times(b"00000000777\0", b"00000000777\0"),
            Read(&["/b = x"]),
        ),
        case(
            "access-time-of-gnu-alone",
            times(b"00000000777\0", &[0; 12]),
            Read(&["/b = x"]),
        ),
        case(
            "change-time-of-gnu-that-is-no-number",
            times(b"777\0\0\0\0\0\0\0\0\0", b"xyz\0\0\0\0\0\0\0\0\0"),
            Refused(another),
        ),
        case(
            "prefix",
            with(b"ustar\x0000", &[0; 4]),
            Read(&["/a/", "/a/b = x"]),
        ),
        case(
            "prefix-of-another-version",
            with(b"ustar\x00  ", &[0; 4]),
            Read(&["/a/", "/a/b = x"]),
        ),
        case(
            "prefix-without-magic",
            with(&[0; 8], &[0; 4]),
            Refused(another),
        ),
        case(
            "prefix-of-gnu",
            with(b"ustar  \0", &[0; 4]),
            Refused(another),
        ),
        case(
            "prefix-of-star",
            with(b"ustar\x0000", b"tar\0"),
            Read(&["/a/", "/a/b = x"]),
        ),
        case("long-prefix-of-star", star, Refused(another)),
    ]
}

fn links() -> Vec<Case> {
    vec![
        case(
            "hard-link-to-a-later-entry",
            Tar::new().hard_link("a", "b").file("b", b"x"),
            Refused("it is a hard link to `b`, which does not exist"),
        ),
        case(
            "hard-link-across-a-symlink",
            Tar::new()
                .directory("d")
                .file("d/f", b"x")
                .symlink("l", "d")
                .hard_link("a", "l/f"),
            Read(&["/a = x", "/d/", "/d/f = x", "/l -> d"]),
        ),
        case(
            "hard-link-to-a-symlink",
            Tar::new()
                .file("f", b"x")
                .symlink("l", "f")
                .hard_link("a", "l"),
            Read(&["/a -> f", "/f = x", "/l -> f"]),
        ),
        case(
            "hard-link-to-what-is-replaced",
            Tar::new()
                .file("f", b"1")
                .hard_link("a", "f")
                .file("f", b"2"),
            Refused("it replaces an entry in its own layer"),
        ),
        over(
            "hard-link-to-a-lower-layer",
            Tar::new().file("f", b"x"),
            Tar::new().hard_link("a", "f"),
            Read(&["/a = x", "/f = x"]),
        ),
        over(
            "hard-link-to-what-a-whiteout-hid",
            Tar::new().file("f", b"x"),
            Tar::new().file(".wh.f", b"").hard_link("a", "f"),
            Refused("it is a hard link to `f`, which does not exist"),
        ),
        case(
            "file-through-a-symlink",
            Tar::new()
                .directory("d")
                .symlink("l", "d")
                .file("l/f", b"x"),
            Read(&["/d/", "/d/f = x", "/l -> d"]),
        ),
        case(
            "file-over-a-symlink",
            Tar::new().file("t", b"1").symlink("l", "t").file("l", b"2"),
            Refused("it replaces an entry in its own layer"),
        ),
        over(
            "directory-over-a-lower-symlink",
            Tar::new()
                .directory("d")
                .file("d/f", b"1")
                .symlink("l", "d"),
            Tar::new().directory("l").file("l/g", b"2"),
            Read(&["/d/", "/d/f = 1", "/l/", "/l/g = 2"]),
        ),
        over(
            "file-through-a-lower-symlink",
            Tar::new().directory("d").symlink("l", "d"),
            Tar::new().file("l/f", b"x"),
            Read(&["/d/", "/d/f = x", "/l -> d"]),
        ),
        case(
            "directory-over-a-symlink",
            Tar::new()
                .directory("d")
                .file("d/f", b"1")
                .symlink("l", "d")
                .directory("l")
                .file("l/g", b"2"),
            Refused("it replaces an entry in its own layer"),
        ),
    ]
}

fn hard_link_headers() -> Vec<Case> {
    let linked = |bend: fn(&mut tar::Header)| {
        let file = Tar::new().file("f", b"x");
        file.entry(b'1', "a", "f", b"", bend)
    };
    let owner = "it is a hard link whose owner differs from the target's";
    let mode = "it is a hard link whose mode differs from the target's";
    let itself = "it is a hard link to itself";
    vec![
        case(
            "hard-link-with-setuid",
            linked(|header| header.set_mode(0o4644)),
            Refused(mode),
        ),
        case(
            "hard-link-without-a-mode",
            linked(|header| header.set_mode(0)),
            Refused(mode),
        ),
        case(
            "hard-link-of-another-user",
            linked(|header| header.set_uid(1)),
            Refused(owner),
        ),
        case(
            "hard-link-of-another-group",
            linked(|header| header.set_gid(1)),
            Refused(owner),
        ),
        case(
            "hard-link-with-another-time",
            linked(|header| header.set_mtime(77)),
            Read(&["/a = x", "/f = x"]),
        ),
        case(
            "hard-link-with-a-file-type",
            linked(|header| header.set_mode(0o100_644)),
            Read(&["/a = x", "/f = x"]),
        ),
        over(
            "hard-link-to-a-lower-layer-with-setuid",
            Tar::new().file("f", b"x"),
            Tar::new().entry(b'1', "a", "f", b"", |header| header.set_mode(0o4644)),
            Refused(mode),
        ),
        case(
            "hard-link-to-itself",
            Tar::new().file("a", b"x").hard_link("a", "./a"),
            Refused(itself),
        ),
        over(
            "hard-link-to-itself-in-a-lower-layer",
            Tar::new()
                .directory("d")
                .file("d/a", b"x")
                .symlink("l", "d"),
            Tar::new().hard_link("l/a", "d/a"),
            Refused(itself),
        ),
    ]
}

fn hard_link_attributes() -> Vec<Case> {
    let attribute = |tar: Tar, value: &'static [u8]| tar.pax(&[("SCHILY.xattr.user.a", value)]);
    let attributes = "it is a hard link whose extended attributes differ from the target's";
    vec![
        case(
            "hard-link-with-an-attribute-of-its-own",
            attribute(Tar::new().file("f", b"x"), b"1").hard_link("a", "f"),
            Refused(attributes),
        ),
        case(
            "hard-link-with-another-attribute",
            attribute(attribute(Tar::new(), b"1").file("f", b"x"), b"2").hard_link("a", "f"),
            Refused(attributes),
        ),
        case(
            "hard-link-with-the-same-attribute",
            attribute(attribute(Tar::new(), b"1").file("f", b"x"), b"1").hard_link("a", "f"),
            Read(&["/a = x", "/f = x"]),
        ),
        case(
            "hard-link-without-the-attribute",
            attribute(Tar::new(), b"1")
                .file("f", b"x")
                .hard_link("a", "f"),
            Read(&["/a = x", "/f = x"]),
        ),
    ]
}

fn whiteouts() -> Vec<Case> {
    let lower = || {
        Tar::new()
            .directory("d")
            .file("d/old", b"1")
            .file("f", b"1")
    };
    let twice = "it is a whiteout of an entry in its own layer";
    vec![
        over(
            "whiteout-of-the-parent-of-a-later-entry",
            lower(),
            Tar::new()
                .file(".wh.d", b"")
                .directory("d")
                .file("d/new", b"2"),
            Refused("its layer creates `/d` again"),
        ),
        over(
            "whiteout-of-an-opaque-directory",
            lower(),
            Tar::new()
                .file(".wh.d", b"")
                .directory("d")
                .file("d/.wh..wh..opq", b"")
                .file("d/new", b"2"),
            Read(&["/d/", "/d/new = 2", "/f = 1"]),
        ),
        over(
            "whiteout-of-an-empty-directory",
            Tar::new().directory("d"),
            Tar::new()
                .file(".wh.d", b"")
                .directory("d")
                .file("d/new", b"2"),
            Read(&["/d/", "/d/new = 2"]),
        ),
        over(
            "opaque-root",
            lower(),
            Tar::new().file(".wh..wh..opq", b"").file("new", b"2"),
            Refused("it makes the root directory opaque"),
        ),
        over(
            "whiteout-of-the-parent-of-an-earlier-entry",
            lower(),
            Tar::new()
                .directory("d")
                .file("d/new", b"2")
                .file(".wh.d", b""),
            Refused(twice),
        ),
        over(
            "whiteout-before-its-file",
            lower(),
            Tar::new().file(".wh.f", b"").file("f", b"2"),
            Read(&["/d/", "/d/old = 1", "/f = 2"]),
        ),
        over(
            "whiteout-after-its-file",
            lower(),
            Tar::new().file("f", b"2").file(".wh.f", b""),
            Refused(twice),
        ),
    ]
}

fn odd_whiteouts() -> Vec<Case> {
    let lower = || {
        Tar::new()
            .directory("d")
            .file("d/old", b"1")
            .file("f", b"1")
    };
    vec![
        over(
            "opaque-with-content",
            lower(),
            Tar::new()
                .directory("d")
                .file("d/.wh..wh..opq", b"content")
                .file("d/new", b"2"),
            Read(&["/d/", "/d/new = 2", "/f = 1"]),
        ),
        over(
            "opaque-after-its-entries",
            lower(),
            Tar::new()
                .directory("d")
                .file("d/new", b"2")
                .file("d/.wh..wh..opq", b""),
            Read(&["/d/", "/d/new = 2", "/f = 1"]),
        ),
        over(
            "whiteout-that-is-a-directory",
            lower(),
            Tar::new().directory(".wh.f"),
            Read(&["/d/", "/d/old = 1"]),
        ),
        over(
            "whiteout-that-is-a-symlink",
            lower(),
            Tar::new().symlink(".wh.f", "d"),
            Read(&["/d/", "/d/old = 1"]),
        ),
        over(
            "whiteout-through-a-symlink",
            Tar::new()
                .directory("d")
                .file("d/old", b"1")
                .symlink("l", "d"),
            Tar::new().file("l/.wh.old", b""),
            Read(&["/d/", "/l -> d"]),
        ),
        case(
            "whiteout-as-a-directory-on-the-way",
            Tar::new().file(".wh.d/f", b"x"),
            Refused("a directory in its path is named like a whiteout"),
        ),
        over(
            "whiteout-of-nothing",
            lower(),
            Tar::new().file(".wh.never", b""),
            Read(&["/d/", "/d/old = 1", "/f = 1"]),
        ),
        case(
            "whiteout-of-the-root",
            Tar::new().file(".wh..", b""),
            Refused("it is a whiteout without a file name"),
        ),
    ]
}

fn missing_directories_of_whiteouts() -> Vec<Case> {
    let lower = || Tar::new().file("f", b"1");
    vec![
        over(
            "whiteout-in-a-missing-directory",
            lower(),
            Tar::new().file("a/b/.wh.c", b""),
            Read(&["/a/", "/a/b/", "/f = 1"]),
        ),
        over(
            "opaque-missing-directory",
            lower(),
            Tar::new().file("a/.wh..wh..opq", b""),
            Read(&["/a/", "/f = 1"]),
        ),
        over(
            "record-of-aufs-in-a-missing-directory",
            lower(),
            Tar::new().file("a/.wh..wh.plnk", b""),
            Read(&["/a/", "/f = 1"]),
        ),
        over(
            "whiteout-through-a-dangling-symlink",
            lower().symlink("l", "a"),
            Tar::new().file("l/.wh.c", b""),
            Read(&["/f = 1", "/l -> a"]),
        ),
        over(
            "whiteout-below-a-file",
            lower(),
            Tar::new().file("f/.wh.c", b""),
            Read(&["/f = 1"]),
        ),
    ]
}

fn opaque_markers() -> Vec<Case> {
    let lower = || {
        Tar::new()
            .directory("d")
            .directory("d/e")
            .file("d/e/old", b"1")
            .symlink("l", "d")
    };
    let linked = "it makes a directory behind a symlink opaque";
    vec![
        over(
            "opaque-through-a-symlink",
            lower(),
            Tar::new().file("l/.wh..wh..opq", b""),
            Refused(linked),
        ),
        over(
            "opaque-below-a-symlink",
            lower(),
            Tar::new().file("l/e/.wh..wh..opq", b""),
            Refused(linked),
        ),
        over(
            "opaque-through-a-symlink-of-its-own",
            lower(),
            Tar::new().symlink("m", "d").file("m/.wh..wh..opq", b""),
            Refused(linked),
        ),
    ]
}

/// Opaque markers behind entries of their layer.
fn late_opaque_markers() -> Vec<Case> {
    let lower = || {
        Tar::new()
            .directory("d")
            .directory("d/e")
            .file("d/e/old", b"1")
            .symlink("l", "d")
    };
    let late = "it makes a directory opaque after entries behind a symlink";
    vec![
        over(
            "opaque-after-an-entry-through-a-symlink",
            lower(),
            Tar::new()
                .directory("d")
                .file("l/new", b"2")
                .file("d/.wh..wh..opq", b""),
            Refused(late),
        ),
        over(
            "opaque-after-an-entry-in-a-directory-without-one",
            lower(),
            Tar::new()
                .directory("d")
                .file("d/e/new", b"2")
                .file("d/.wh..wh..opq", b""),
            Refused(late),
        ),
        over(
            "opaque-after-an-entry-in-a-new-directory-without-one",
            lower(),
            Tar::new()
                .file("d/new/new", b"2")
                .file("d/.wh..wh..opq", b""),
            Refused(late),
        ),
        over(
            "second-opaque-after-an-entry-in-a-directory-without-one",
            lower(),
            Tar::new()
                .file("d/.wh..wh..opq", b"")
                .file("d/new/new", b"2")
                .file("d/.wh..wh..opq", b""),
            Refused(late),
        ),
        over(
            "opaque-after-an-entry-in-a-directory-with-one",
            lower(),
            Tar::new()
                .directory("d/e")
                .file("d/e/new", b"2")
                .file("d/.wh..wh..opq", b""),
            Read(&["/d/", "/d/e/", "/d/e/new = 2", "/l -> d"]),
        ),
        over(
            "opaque-before-an-entry-in-a-directory-without-one",
            lower(),
            Tar::new().file("d/.wh..wh..opq", b"").file("d/e/new", b"2"),
            Read(&["/d/", "/d/e/", "/d/e/new = 2", "/l -> d"]),
        ),
        over(
            "opaque-twice",
            lower(),
            Tar::new()
                .file("d/.wh..wh..opq", b"")
                .file("d/new", b"2")
                .file("d/.wh..wh..opq", b""),
            Read(&["/d/", "/d/new = 2", "/l -> d"]),
        ),
    ]
}

fn parents() -> Vec<Case> {
    let file_on_the_way = "is not a directory";
    vec![
        case(
            "file-on-the-way",
            Tar::new().file("a", b"x").file("a/b", b"y"),
            Refused(file_on_the_way),
        ),
        over(
            "file-of-a-lower-layer-on-the-way",
            Tar::new().file("a", b"x"),
            Tar::new().file("a/b", b"y"),
            Refused(file_on_the_way),
        ),
        case(
            "fifo-on-the-way",
            Tar::new()
                .entry(b'6', "a", "", b"", |_| {})
                .file("a/b", b"y"),
            Refused(file_on_the_way),
        ),
        case(
            "symlink-to-a-file-on-the-way",
            Tar::new()
                .file("f", b"x")
                .symlink("a", "f")
                .file("a/b", b"y"),
            Refused(file_on_the_way),
        ),
        case(
            "dangling-symlink-on-the-way",
            Tar::new().symlink("a", "jettison-new/b").file("a/c", b"y"),
            Read(&[
                "/a -> jettison-new/b",
                "/jettison-new/",
                "/jettison-new/b/",
                "/jettison-new/b/c = y",
            ]),
        ),
        case(
            "missing-directories",
            Tar::new().file("a/b/c", b"x"),
            Read(&["/a/", "/a/b/", "/a/b/c = x"]),
        ),
    ]
}

fn overlay() -> Vec<Case> {
    let lower = || Tar::new().directory("d").file("d/f", b"1");
    let attribute = "its attribute `trusted.overlay.opaque` has a special meaning to overlayfs";
    vec![
        over(
            "device-that-is-a-whiteout-of-overlayfs",
            lower(),
            Tar::new()
                .directory("d")
                .entry(b'3', "d/f", "", b"", |header| {
                    header.set_device_major(0).unwrap();
                    header.set_device_minor(0).unwrap();
                }),
            Refused("it is the device 0:0, which overlayfs treats as a whiteout"),
        ),
        over(
            "attribute-that-is-a-whiteout-of-overlayfs",
            lower(),
            Tar::new()
                .pax(&[("SCHILY.xattr.trusted.overlay.opaque", b"y")])
                .directory("d"),
            Refused(attribute),
        ),
    ]
}
