#!/bin/sh
# Runs the end-to-end tests, or those whose names hold the word given: run.sh [--where-possible] [--images] [WORD]
#
# With `--where-possible`, a machine that cannot run them names them and goes on, but never in CI, where nothing may be
# left out. With `--images`, only the tests of the images run. JETTISON_IMAGES chooses these: `quick`, `usual` or `all`.
set -eu
cd "$(dirname "$0")/../.."
where_possible=
only_images=
while :; do
    case ${1:-} in
        --where-possible) where_possible=yes ;;
        --images) only_images=yes ;;
        *) break ;;
    esac
    shift
done

if [ "$(id -u)" != 0 ]; then
    obstacle='they need root'
elif obstacle=$(tests/tools.sh podman crun buildah skopeo mmdebstrap ip curl python3 pip3 npm openssl psql ssh sshd git \
    umoci dockerd docker-registry rpmbuild jq xz chromedriver); then
    # The feature only adds entry points; with it, cargo uses what `make test` has built.
    cargo test --features fuzzing --test e2e -- --test-threads=2 "$@"
    [ -z "$only_images" ] || exit 0
    exec cargo test --features fuzzing --test tools -- --test-threads=1 "$@"
fi

echo "end-to-end tests cannot run, $obstacle:"
cargo test --quiet --features fuzzing --test e2e --test tools -- --list
[ -n "$where_possible" ] && [ -z "${CI:-}" ]
