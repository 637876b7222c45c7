#!/usr/bin/env python3
"""Verifies attested slimming without jettison's code: `attestations.py LAYOUT ORIGINAL [PUBLIC_KEY]`.

It reads the OCI layout of the slimmed image, and the original as an OCI layout or an archive of Docker, and checks what
`rules/guide/attestation.md` says. Needs the Python packages `cryptography` and, for layers with zstd, `zstandard`.
"""

import base64
import gzip
import hashlib
import io
import json
import os
import posixpath
import re
import sys
import tarfile
import urllib.parse

PREDICATE = "https://docs.rs/crate/jettison/attestation/slim/v1"
TYPES = {
    tarfile.SYMTYPE: "symlink", tarfile.CHRTYPE: "character-device", tarfile.BLKTYPE: "block-device",
    tarfile.FIFOTYPE: "fifo", tarfile.DIRTYPE: "directory",
}


class Wrong(Exception):
    """The images do not match the statement."""


def expect(condition, message):
    if not condition:
        raise Wrong(message)


class Layout:
    """An OCI layout in a directory."""

    def __init__(self, path):
        self.path = path

    def blob(self, descriptor):
        algorithm, value = descriptor["digest"].split(":")
        with open(os.path.join(self.path, "blobs", algorithm, value), "rb") as file:
            content = file.read()
        expect(hashlib.new(algorithm, content).hexdigest() == value, f"blob {value} has another digest")
        expect(len(content) == descriptor["size"], f"blob {value} has another size")
        return content

    def json(self, descriptor):
        return json.loads(self.blob(descriptor))

    def manifests(self):
        """All descriptors of manifests, in nested indexes too."""
        with open(os.path.join(self.path, "index.json"), encoding="utf-8") as file:
            todo = json.load(file)["manifests"]
        while todo:
            descriptor = todo.pop(0)
            if "index" in descriptor["mediaType"] or "manifest.list" in descriptor["mediaType"]:
                todo = self.json(descriptor)["manifests"] + todo
            else:
                yield descriptor


class Image:
    """The configuration and the files of an image."""

    def __init__(self, manifest, config, layers):
        self.manifest = manifest
        self.config_digest = "sha256:" + hashlib.sha256(config).hexdigest()
        self.config = json.loads(config)
        self.entries = {b"/": ("directory", 0o755, 0, 0, {}, None)}
        expect(len(layers) == len(self.config["rootfs"]["diff_ids"]), "the number of layers")
        for layer, diff_id in zip(layers, self.config["rootfs"]["diff_ids"]):
            plain = inflate(layer)
            expect("sha256:" + hashlib.sha256(plain).hexdigest() == diff_id, f"layer {diff_id}")
            self.apply(plain)

    def apply(self, layer):
        added = set()
        with tarfile.open(fileobj=io.BytesIO(layer), encoding="latin-1") as archive:
            for member in archive:
                path = absolute(name_bytes(member, member.name, "path"))
                directory, name = posixpath.split(path)
                if name == b".wh..wh..opq":
                    self.remove_below(directory, added)
                elif name.startswith(b".wh."):
                    self.remove(posixpath.join(directory, name[4:]))
                else:
                    self.add(archive, member, path, added)

    def add(self, archive, member, path, added):
        kind = TYPES.get(member.type, "file")
        if member.islnk():
            entry = self.entries[absolute(name_bytes(member, member.linkname, "linkpath"))]
            kind = entry[0]
        else:
            content = None
            if kind == "file":
                content = hashlib.sha256(archive.extractfile(member).read()).hexdigest()
            elif kind == "symlink":
                content = name_bytes(member, member.linkname, "linkpath")
            elif kind.endswith("device"):
                content = (member.devmajor, member.devminor)
            xattrs = {key: value for key, value in member.pax_headers.items() if key.startswith("SCHILY.xattr.")}
            entry = (kind, member.mode & 0o7777, member.uid, member.gid, xattrs, content)
        before = self.entries.get(path)
        if before and before[0] == "directory" and kind != "directory":
            self.remove(path)
        self.entries[path] = entry
        while path not in (b"/", b""):
            added.add(path)
            path = posixpath.dirname(path)
            self.entries.setdefault(path, ("directory", 0o755, 0, 0, {}, None))

    def remove(self, path):
        self.remove_below(path, ())
        self.entries.pop(path, None)

    def remove_below(self, directory, spared):
        start = directory.rstrip(b"/") + b"/"
        for path in [path for path in self.entries if path.startswith(start) and path not in spared]:
            del self.entries[path]

    def files(self):
        return {path: entry for path, entry in self.entries.items() if entry[0] != "directory"}


def name_bytes(member, name, key):
    """A name as bytes: those of extended headers are UTF-8 by definition, the others were read as Latin-1."""
    return name.encode("utf-8", "surrogateescape") if key in member.pax_headers else name.encode("latin-1")


def absolute(path):
    return b"/" + posixpath.normpath(b"/" + path).lstrip(b"/")


def inflate(layer):
    if layer[:2] == b"\x1f\x8b":
        return gzip.decompress(layer)
    if layer[:4] == b"\x28\xb5\x2f\xfd":
        import zstandard
        return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(layer), read_across_frames=True).read()
    return layer


def image_of_layout(layout, descriptor):
    manifest = layout.json(descriptor)
    layers = [layout.blob(layer) for layer in manifest["layers"]]
    return Image(descriptor["digest"], layout.blob(manifest["config"]), layers)


def image_at(path):
    """The only image of a layout or of an archive of Docker."""
    if os.path.isdir(path):
        layout = Layout(path)
        images = [one for one in layout.manifests() if one.get("platform", {}).get("os") != "unknown"]
        expect(len(images) == 1, f"{path}: {len(images)} images")
        return image_of_layout(layout, images[0])
    with tarfile.open(path) as archive:
        (item,) = json.load(archive.extractfile("manifest.json"))
        layers = [archive.extractfile(layer).read() for layer in item["Layers"]]
        return Image(None, archive.extractfile(item["Config"]).read(), layers)


def strict(pairs):
    keys = [key for key, _ in pairs]
    expect(len(keys) == len(set(keys)), "a key is repeated")
    return dict(pairs)


def opened(content, key):
    """The statement in an envelope, whose signature must be by the key, or without one."""
    document = json.loads(content, object_pairs_hook=strict)
    if "payloadType" not in document:
        expect(key is None, "the statement is not signed")
        return document
    payload = base64.b64decode(document["payload"], validate=True)
    kind = document["payloadType"].encode()
    expect(kind == b"application/vnd.in-toto+json", "the type of the payload")
    if key is not None:
        message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
        signatures = [base64.b64decode(one["sig"], validate=True) for one in document["signatures"]]
        expect(any(is_signed(key, signature, message) for signature in signatures), "the signature is wrong")
    return json.loads(payload, object_pairs_hook=strict)


def is_signed(key, signature, message):
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
        else:
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        return True
    except InvalidSignature:
        return False


def digest(one):
    ((algorithm, value),) = one.items()
    return f"{algorithm}:{value}"


def encoded(path):
    return "".join(chr(byte) if 0x20 <= byte < 0x7F and byte != 0x25 else f"%{byte:02X}" for byte in path)


def expected_entry(path, slim, original):
    """The entry of a statement for a path of the slimmed image."""
    kind, *_, content = slim
    entry = {"path": encoded(path), "type": kind}
    if original is None or original[0] == "directory":
        entry["status"] = "generated"
    elif original == slim:
        entry["status"] = "unchanged"
    else:
        entry["status"] = "rewritten"
        if kind == "file" and original[0] == "file":
            entry["original"] = original[5]
    if kind == "file":
        entry["sha256"] = content
    elif kind == "symlink":
        entry["target"] = encoded(content)
    return entry


def check_files(stated, slim, original):
    before, after = original.files(), slim.files()
    expected = [expected_entry(path, after[path], original.entries.get(path)) for path in sorted(after)]
    for one, other in zip(stated, expected):
        expect(one == other, f"{one} is {other}")
    expect(len(stated) == len(expected), f"{len(stated)} files are stated, there are {len(expected)}")
    return {path for path in before if path not in after}


def check_removed(stated, removed, original):
    """Which package a file belongs to is not known here, so only totals are checked."""
    purls = [package["purl"] for package in stated["packages"]]
    expect(purls == sorted(set(purls)), "the packages are not in order")
    other, owned = stated["other"]["files"], sum(package["files"] for package in stated["packages"])
    expect(other <= len(removed) <= other + owned, f"{len(removed)} files were removed")
    names = {match[1] for match in map(re.compile(r"pkg:deb/(?:[^/@]+/)?([^@]+)@").match, purls) if match}
    if b"/var/lib/dpkg/status" not in original.entries:
        return
    for name in names:
        lists = (f"/var/lib/dpkg/info/{urllib.parse.unquote(name)}{end}".encode() for end in (".list", ":amd64.list"))
        recorded = b"/var/lib/dpkg/status.d/" + name.encode() in original.entries
        expect(recorded or any(path in original.entries for path in lists), f"there is no package {name}")


def settings(image):
    return image.config.get("config") or {}


def verify(layout_path, original_path, key):
    """Returns the numbers of files by status."""
    layout, original = Layout(layout_path), image_at(original_path)
    manifests = list(layout.manifests())
    statements = {}
    for descriptor in manifests:
        annotations = descriptor.get("annotations", {})
        if annotations.get("vnd.docker.reference.type") != "attestation-manifest":
            continue
        described = annotations["vnd.docker.reference.digest"]
        manifest = layout.json(descriptor)
        expect(manifest.get("subject", {}).get("digest", described) == described, "two subjects")
        layout.blob(manifest["config"])
        for layer in manifest["layers"]:
            entry = (layer["annotations"]["in-toto.io/predicate-type"], layer, layout.blob(layer))
            statements.setdefault(described, []).append(entry)
    counts = {"unchanged": 0, "rewritten": 0, "generated": 0}
    verified = 0
    for descriptor in manifests:
        if descriptor.get("platform", {}).get("os") == "unknown":
            continue
        slim = image_of_layout(layout, descriptor)
        for kind, _, content in statements.get(slim.manifest, []):
            statement = opened(content, key)
            expect(statement["predicateType"] == kind, "the type in the manifest")
            ((subject,),) = [statement["subject"]]
            expect(digest(subject["digest"]) == slim.manifest, "the subject")
            if kind == PREDICATE:
                check_predicate(statement["predicate"], slim, original, statements)
                verified += 1
                for file in statement["predicate"]["files"]:
                    counts[file["status"]] += 1
    expect(verified > 0, "there is no statement about slimming")
    return counts


def check_predicate(predicate, slim, original, statements):
    source = predicate["source"]
    if original.manifest and "manifest" in source:
        expect(digest(source["manifest"]) == original.manifest, "the manifest of the original")
    if "config" in source:
        expect(digest(source["config"]) == original.config_digest, "the configuration of the original")
    expect(digest(predicate["result"]["config"]) == slim.config_digest, "the configuration of the result")
    before, after = settings(original), settings(slim)
    changed = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    expect(predicate["result"]["changedSettings"] == changed, f"changed settings: {changed}")
    carried = statements.get(digest(source["manifest"]), []) if "manifest" in source else []
    hashes = {layer["digest"].removeprefix("sha256:") for _, layer, _ in carried}
    expect({one["sha256"] for one in source["attestations"]} <= hashes, "statements about the original")
    removed = check_files(predicate["files"], slim, original)
    check_removed(predicate["removed"], removed, original)


def check_with_libraries(layout_path, key_path):
    """Lets the libraries of in-toto read and verify each attached statement."""
    from google.protobuf import json_format
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.statement import Statement
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import SSlibKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    with open(key_path, "rb") as file:
        public = load_pem_public_key(file.read())
    layout, count = Layout(layout_path), 0
    for descriptor in layout.manifests():
        if descriptor.get("platform", {}).get("os") != "unknown":
            continue
        for layer in layout.json(descriptor)["layers"]:
            if not layer["mediaType"].endswith("+dsse"):
                continue
            envelope = json.loads(layout.blob(layer))
            keyid = envelope["signatures"][0]["keyid"]
            der = public.public_bytes(*der_format())
            expect(keyid == hashlib.sha256(der).hexdigest(), "the identifier of the key")
            Envelope.from_dict(envelope).verify([SSlibKey.from_crypto(public, keyid=keyid)], 1)
            message = json_format.Parse(base64.b64decode(envelope["payload"]), statement_pb2.Statement())
            Statement.copy_from_pb(message).validate()
            count += 1
    expect(count > 0, "there is no signed statement")


def der_format():
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    return Encoding.DER, PublicFormat.SubjectPublicKeyInfo


def flip(path, place):
    """Flips the last bit of the first or the last byte of a file; a second time undoes it."""
    with open(path, "r+b") as file:
        file.seek(0 if place == "first" else -1, os.SEEK_SET if place == "first" else os.SEEK_END)
        position = file.tell()
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 1]))


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "--flip":
        flip(sys.argv[2], sys.argv[3])
        return
    if len(sys.argv) == 4 and sys.argv[1] == "--libraries":
        check_with_libraries(sys.argv[2], sys.argv[3])
        return
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    key = None
    if len(sys.argv) == 4:
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
        with open(sys.argv[3], "rb") as file:
            key = load_pem_public_key(file.read())
    try:
        counts = verify(sys.argv[1], sys.argv[2], key)
    except (Wrong, KeyError, ValueError, TypeError, tarfile.TarError, OSError) as error:
        sys.exit(f"{sys.argv[1]}: {type(error).__name__}: {error}")
    print(f"{sys.argv[1]}: " + ", ".join(f"{count} {status}" for status, count in counts.items()))


if __name__ == "__main__":
    main()
