#!/bin/sh
# Builds image $1 in three layers of everything that a file system can hold and a layer can do. Run it in sandbox.sh.
set -eu

# Makes a layer of what was done, and goes on above it.
next_layer() {
    buildah commit --quiet "$container" "$1" >/dev/null
    buildah rm "$container" >/dev/null
    container=$(buildah from --pull-never "$1")
    root=$(buildah mount "$container")
}

container=$(buildah from scratch)
root=$(buildah mount "$container")

python3 - "$root" <<'END'
import os, stat, sys

os.chdir(sys.argv[1])
os.umask(0)
os.makedirs("bin/deep/" + "long-name-" * 9 + "/" + "n" * 200)
os.makedirs("replaced/below")
os.makedirs("removed/below")
os.makedirs("shared", 0o2775)
os.makedirs("tmp", 0o1777)
os.makedirs("empty", 0o700)


def file(name, content=b"x", mode=0o644):
    with open(name, "wb") as opened:
        opened.write(content)
    os.chmod(name, mode)


file("bin/program", os.urandom(70_000), 0o4755)
file("bin/group", b"g" * 513, 0o2711)
file("bin/capable", b"c" * 512, 0o755)
os.setxattr("bin/capable", "security.capability", bytes.fromhex("0100000200040000000000000000000000000000"))
os.setxattr("bin/capable", "user.note", b"two\nlines = 7 a=b\n\0")
file("bin/first", b"linked")
os.link("bin/first", "bin/second")
os.link("bin/first", "bin/third")
file(b"bin/caf\xe9\n\x01", b"no text")
file("bin/" + "l" * 255, b"long")
os.symlink("second", "bin/link")
os.symlink("/nowhere/" + "far/" * 40, "bin/far")
os.link("bin/link", "bin/link-too", follow_symlinks=False)
os.mkfifo("bin/pipe", 0o620)
os.mknod("bin/null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
os.mknod("bin/disk", 0o660 | stat.S_IFBLK, os.makedev(259, 1_000_000))
with open("bin/sparse", "wb") as sparse:
    sparse.seek(3_000_000)
    sparse.write(b"end")
file("replaced/below/old")
file("replaced/kept-name", b"old")
file("removed/below/old")
file("gone")
os.chown("bin/first", 1234, 5678)
os.chown("bin/link", 1, 2, follow_symlinks=False)
os.chown("shared", 0, 4_000_000_000)
os.utime("bin/program", ns=(0, 1_234_567_890_123_456_789))
os.utime("bin/far", ns=(0, 86_400_000_000_000), follow_symlinks=False)
END
next_layer "$1-lower"

python3 - "$root" <<'END'
import os, shutil, sys

os.chdir(sys.argv[1])
shutil.rmtree("removed")
shutil.rmtree("replaced")
os.makedirs("replaced", 0o750)
with open("replaced/kept-name", "w") as new:
    new.write("new")
os.remove("gone")
os.remove("bin/third")
os.link("bin/second", "bin/fourth")
os.chmod("empty", 0o711)
os.remove("bin/group")
os.mkdir("bin/group")
END
next_layer "$1-middle"

echo own >"$root/own"
buildah config --label kept=yes --env A=1 --cmd '["/bin/program"]' "$container"
buildah commit --quiet "$container" "$1" >/dev/null
buildah rm "$container" >/dev/null
