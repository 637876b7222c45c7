# shellcheck shell=sh
# What the scripts beside it share, sourced by them: $jettison, $work (a folder of their own, empty), and the image
# `localhost/hello:latest`, a program with its libraries and a lot that it does not need.
set -eu
jettison=$JETTISON
work=$WORK
rm -rf "$work"
mkdir -p "$work"

# Prints what went wrong and ends.
fail() {
    echo "$*" >&2
    exit 1
}

# Runs a command until it succeeds, for half a minute at most.
wait_for() {
    tries=0
    until "$@" >"$work/waiting" 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 150 ] || fail "$* did not succeed: $(cat "$work/waiting")"
        sleep 0.2
    done
}

# A root directory in $1: bash, what it loads, and junk. It is a distribution's, or slim would take all that the image's
# ADD brought for the application.
hello_root() {
    mkdir -p "$1/bin" "$1/etc" "$1/usr/share/junk" "$1/tmp"
    echo 'ID=hello' >"$1/etc/os-release"
    chmod 1777 "$1/tmp"
    cp /bin/bash "$1/bin/"
    ldd /bin/bash | grep -o '/[^ ]*' | while read -r library; do
        mkdir -p "$1/$(dirname "$library")"
        cp -L "$library" "$1/$library"
    done
    seq 1 200000 >"$1/usr/share/junk/text"
    ln "$1/usr/share/junk/text" "$1/usr/share/junk/linked"
}

# That image in podman's storage.
hello_image() {
    podman image exists localhost/hello:latest && return
    hello_root "$work/root"
    tar --sort=name -C "$work/root" -c . >"$work/root.tar"
    # shellcheck disable=SC2016 # bash in the container expands it
    podman import --quiet --change 'ENTRYPOINT ["/bin/bash", "-c", "echo hello from ${BASH_VERSION%%.*}"]' \
        "$work/root.tar" localhost/hello:latest
    rm -r "$work/root" "$work/root.tar"
}

# An image in podman's storage says hello and has no junk.
says_hello() {
    said=$(podman run --rm --network=host "$1")
    case $said in 'hello from '*) ;; *) fail "$1 says: $said" ;; esac
    podman unshare true 2>/dev/null || true
    mounted=$(podman image mount "$1")
    [ ! -e "$mounted/usr/share/junk" ] || fail "$1 has junk"
    podman image unmount "$1" >/dev/null
}
