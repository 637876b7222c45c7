# shellcheck shell=sh
# Settings for podman and buildah that work as root on a small machine, sourced by the scripts beside it.
#
# Images live in $store, not in the user's own storage, so `debian:bookworm-slim` can be made from Debian's packages
# there, and `cargo clean` removes everything. The limits are those that crun may set without privileges it lacks.

store=${JETTISON_STORE:-$PWD/target/containers}
export CONTAINERS_STORAGE_CONF="$store/storage.conf" CONTAINERS_CONF="$store/containers.conf"

mkdir -p "$store"
# Written whole under another name first: scripts run beside each other.
settle() {
    cat >"$1.$$"
    mv "$1.$$" "$1"
}
settle "$CONTAINERS_CONF" <<END
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
END
settle "$CONTAINERS_STORAGE_CONF" <<END
[storage]
driver = "overlay"
graphroot = "$store/images"
runroot = "$store/run"
END
