#!/usr/bin/env python3
"""Writes seeds that are binary, or that are in the project anyway: `fuzz/seeds.py DIRECTORY`."""

import gzip
import io
import pathlib
import re
import shutil
import sqlite3
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main():
    out = pathlib.Path(sys.argv[1])
    for target, seeds in {
        "class": java_classes(),
        "dockerfile": dockerfiles(),
        "elf": elf_files(),
        "records": image_descriptions(),
        "rpm": rpm_databases(),
        "tar": layers(),
        "zip": archives(),
    }.items():
        directory = out / target
        directory.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds):
            (directory / f"{number:03}").write_bytes(seed)


def fences(directory, word):
    """Fenced examples of rule pages."""
    for page in sorted((ROOT / directory).glob("*.md")):
        for example in re.findall(rf"```{word}[^\n]*\n(.*?)```", page.read_text(), re.S):
            yield example


def dockerfiles():
    for directory in ("rules/lint", "testdata/rules"):
        for example in fences(directory, "dockerfile"):
            yield example.encode()
    for path in sorted((ROOT / "testdata/dockerfiles").glob("*.Dockerfile")):
        yield path.read_bytes()


def image_descriptions():
    """The images of keep pages and of image rules, as the target `records` reads them."""
    for directory in ("rules/keep", "rules/lint", "testdata/rules"):
        for example in fences(directory, "image"):
            lines = [described(line) for line in example.splitlines()]
            yield "".join(line for line in lines if line is not None).encode()


def described(line):
    words = line.removeprefix("+ ").removeprefix("- ").split()
    match words:
        case ["|", *_]:
            return line.split("| ", 1)[-1] + "\n"
        case ["run" | "entrypoint", *command]:
            return f"<== {' '.join(command)}\n"
        case ["elf" | "library", path, *_]:
            return f"==! {path}\n"
        case ["link", path, "->", target] | ["link", path, target]:
            return f"==@ {path} {target}\n"
        case ["file", path, *_]:
            content = re.search(r' "(.*)"', line)
            return f"==> {path}\n" + (content[1].replace("\\n", "\n") + "\n" if content else "")
    return None


def java_class(names, strings):
    pool = [b"\x05" + struct.pack(">q", 1)]
    pool += [b"\x01" + struct.pack(">H", len(text)) + text for text in names + strings]
    first = 3 + len(names)
    pool += [b"\x08" + struct.pack(">H", first + index) for index in range(len(strings))]
    return b"\xca\xfe\xba\xbe\0\0\0\x3d" + struct.pack(">H", len(pool) + 2) + b"".join(pool)


def java_classes():
    yield java_class([b"java/lang/ProcessBuilder"], [b"date", b"-u"])
    yield java_class([b"java/lang/Runtime", b"exec"], [b"/usr/bin/date"])
    yield java_class([b"loadLibrary"], [b"jna"])


def zip_file(entries, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def archives():
    properties = "version=1.2\ngroupId=org.a\nartifactId=a\n"
    inner = zip_file({"META-INF/maven/org.a/a/pom.properties": properties})
    manifest = "Manifest-Version: 1.0\r\nClass-Path: lib/a.jar li\r\n b/b.jar\r\nImplementation-Version: 2\r\n"
    entries = {
        "META-INF/MANIFEST.MF": manifest,
        "BOOT-INF/lib/a.jar": inner,
        "A.class": java_class([b"java/lang/Runtime", b"exec"], [b"date"]),
        "liba.so": b"\x7fELF",
    }
    yield inner
    yield zip_file(entries)
    yield zip_file(entries, zipfile.ZIP_STORED)
    yield zip_file({"a.json": '{"id":"A-1","affected":[{"package":{"ecosystem":"Maven","name":"org.a:a"}}]}'})
    # Something before the archive, as in executable archives, and a comment after it.
    yield b"#!/bin/sh\n" + inner[:-2] + b"\x02\x00ok"


def elf_files():
    """Small programs and libraries as the compiler at hand makes them."""
    compiler = shutil.which("cc")
    if not compiler:
        return
    source = """
        extern int puts(const char *);
        __attribute__((weak)) extern int missing(void);
        int exported(void) { return missing ? missing() : puts("/etc/passwd libz.so.1"); }
        void _start(void) { exported(); }
        __asm__(".section .note.dlopen,\\"a\\",@note\\n.balign 4\\n.long 4,2f-1f,0x407c0c0a\\n.asciz \\"FDO\\"\\n"
            "1: .asciz \\"[{\\\\\\"soname\\\\\\":[\\\\\\"liba.so\\\\\\"],\\\\\\"priority\\\\\\":\\\\\\"required\\\\\\"}]\\"\\n2:\\n.balign 4\\n.previous\\n");
    """
    crates = b"""{"packages":[{"name":"a","version":"1.2.3","source":"crates.io"}]}"""
    go = b"\xff Go buildinf:\x08\x02" + bytes(16) + b"\x06go1.22" + b"\x3c" + bytes(16)
    go += b"path\ta\ndep\tb\tv1.2\th1:x\n=>\tc\tv2\n" + bytes(16)
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        (directory / "a.c").write_text(source)
        (directory / "libc.c").write_text("int puts(const char *s) { return *s; }")
        (directory / "map").write_text("GLIBC_2.2.5 { puts; }; GLIBC_2.34 { } GLIBC_2.2.5;")
        (directory / "own").write_text("A_1 { global: exported; local: *; };")
        (directory / "crates").write_bytes(zlib.compress(crates))
        (directory / "go").write_bytes(go)
        common = [compiler, "-Os", "-nostdlib", "-fno-asynchronous-unwind-tables", "-Wl,-z,noseparate-code",
                  "-Wl,-z,max-page-size=64"]
        library = common + ["-shared", "-fPIC", "-Wl,-soname,libc.so.6", "-Wl,--version-script=map"]
        loader = "-Wl,--dynamic-linker=/lib64/ld-linux-x86-64.so.2"
        lines = [
            library + ["-o", "libc.so.6", "libc.c"],
            common + ["-pie", "-fPIE", loader, "-Wl,-z,now", "-o", "1", "a.c", "libc.so.6"],
            common + ["-no-pie", loader, "-Wl,-rpath,$ORIGIN/../lib", "-Wl,--disable-new-dtags", "-Wl,--hash-style=sysv",
                      "-o", "2", "a.c", "libc.so.6"],
            common + ["-shared", "-fPIC", "-Wl,--version-script=own", "-Wl,-rpath,/usr/lib", "-Wl,--build-id",
                      "-Wl,-soname,liba.so", "-o", "3", "a.c", "libc.so.6"],
            common + ["-static", "-Wl,--unresolved-symbols=ignore-all", "-s", "-o", "4", "a.c"],
            common + ["-pie", "-fPIE", "-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1", "-o", "5", "a.c", "libc.so.6"],
            ["objcopy", "--add-section", ".dep-v0=crates", "5", "6"],
            ["objcopy", "--add-section", ".go.buildinfo=go", "4", "7"],
        ]
        for line in lines:
            subprocess.run(line, cwd=directory, check=True)
        for name in ("libc.so.6", "1", "2", "3", "4", "5", "6", "7"):
            yield (directory / name).read_bytes()


def rpm_header(tags):
    index, store = b"", b""
    for tag, kind, count, content in tags:
        # Numbers stand at multiples of their size.
        if kind == 4:
            store += bytes(-len(store) % 4)
        index += struct.pack(">IIII", tag, kind, len(store), count)
        store += content
    return struct.pack(">II", len(tags), len(store)) + index + store


def rpm_databases():
    number = lambda *numbers: struct.pack(f">{len(numbers)}I", *numbers)
    header = rpm_header([
        (1000, 6, 1, b"bash\0"), (1001, 6, 1, b"5.2\0"), (1002, 6, 1, b"3.fc40\0"), (1003, 4, 1, number(1)),
        (1009, 4, 1, number(100)), (1014, 6, 1, b"GPLv3+\0"), (1022, 6, 1, b"x86_64\0"),
        (1044, 6, 1, b"bash-5.2-3.fc40.src.rpm\0"), (1116, 4, 2, number(0, 1)),
        (1117, 8, 2, b"bash\0sh\0"), (1118, 8, 2, b"/usr/bin/\0/bin/\0"),
    ])
    yield header
    yield (ROOT / "testdata/packages/rpmdb.sqlite").read_bytes()
    yield sqlite_database(header, 512)
    yield sqlite_database(header + bytes(2000), 1024)
    yield berkeley(header)


def sqlite_database(header, page_size):
    with tempfile.TemporaryDirectory() as name:
        path = pathlib.Path(name) / "rpmdb.sqlite"
        database = sqlite3.connect(path)
        database.execute(f"PRAGMA page_size={page_size}")
        database.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
        for _ in range(6):
            database.execute("INSERT INTO Packages (blob) VALUES (?)", (header,))
        database.commit()
        database.close()
        return path.read_bytes()


def berkeley(value):
    """A page of metadata, one of a hash with one pair, and those of the value."""
    meta = bytearray(512)
    meta[12:16] = struct.pack("<I", 0x00061561)
    meta[20:24] = struct.pack("<I", 512)
    pair = bytearray(512)
    pair[20], pair[25] = 2, 13
    pair[26:30] = struct.pack("<HH", 0x1F0, 0x180)
    pair[0x180:0x18C] = struct.pack("<BxxxII", 3, 2, len(value))
    pages = [meta, pair]
    pieces = [value[at:at + 486] for at in range(0, len(value), 486)]
    for number, piece in enumerate(pieces):
        page = bytearray(512)
        page[16:20] = struct.pack("<I", number + 3 if number + 1 < len(pieces) else 0)
        page[25] = 7
        page[26:26 + len(piece)] = piece
        pages.append(page)
    return b"".join(pages)


def layer(form, entries):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for name, kind, link, content, pax in entries:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname, entry.size, entry.pax_headers = kind, link, len(content), pax
            entry.mode, entry.mtime = 0o755, 1700000000.5 if form == tarfile.PAX_FORMAT else 1700000000
            archive.addfile(entry, io.BytesIO(content))
    archive = file.getvalue()
    # Zeros up to ten kilobytes are no use.
    end = len(archive.rstrip(b"\0"))
    return archive[:(end + 511) // 512 * 512 + 1024]


def layers():
    plain = [
        ("bin/", tarfile.DIRTYPE, "", b"", {}),
        ("bin/app", tarfile.REGTYPE, "", b"#!/bin/sh\n", {"SCHILY.xattr.user.a": "b"}),
        ("bin/link", tarfile.SYMTYPE, "app", b"", {}),
        ("bin/hard", tarfile.LNKTYPE, "bin/app", b"", {}),
        ("dev/null", tarfile.CHRTYPE, "", b"", {}),
        ("run/pipe", tarfile.FIFOTYPE, "", b"", {}),
        ("etc/.wh.old", tarfile.REGTYPE, "", b"", {}),
        ("etc/.wh..wh..opq", tarfile.REGTYPE, "", b"", {}),
        ("long/" * 30 + "name", tarfile.REGTYPE, "", b"x", {}),
        ("bin/app", tarfile.REGTYPE, "", b"again", {}),
    ]
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        yield layer(form, plain)
    sparse = [
        {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s", "GNU.sparse.realsize": "5000"},
        {"GNU.sparse.size": "5000", "GNU.sparse.numblocks": "1", "GNU.sparse.map": "1000,3"},
    ]
    data = b"1\n1000\n3\n".ljust(512, b"\0") + b"abc"
    yield layer(tarfile.PAX_FORMAT, [("s", tarfile.REGTYPE, "", data, sparse[0])])
    yield layer(tarfile.PAX_FORMAT, [("s", tarfile.REGTYPE, "", b"abc", sparse[1])])
    old = bytearray(layer(tarfile.GNU_FORMAT, [("s", tarfile.REGTYPE, "", b"abc", {})]))
    old[156:157] = b"S"
    old[386:410] = b"00000001750\0" + b"00000000003\0"
    old[483:495] = b"00000011610\0"
    yield bytes(old)
    yield gzip.compress(layer(tarfile.USTAR_FORMAT, plain), mtime=0)


main()
