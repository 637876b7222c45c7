#!/bin/sh
# Verifies attested slimming with programs that share no code with jettison: `tests/attestations.sh [ORIGINAL.tar …]`.
# Without arguments, it makes a small image. Each image is slimmed, attested and signed; `tests/attestations.py` must agree
# with `jettison verify`, also after bytes were flipped. Needs Python, PyPI and OpenSSL.
set -eu
cd "$(dirname "$0")/.."
repository=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

program=${JETTISON_PROGRAM:-${CARGO_TARGET_DIR:-$repository/target}/debug/jettison}
[ -x "$program" ] || cargo build --quiet
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    cryptography==50.0.2 zstandard==0.25.0 securesystemslib==1.6.0 in-toto-attestation==0.9.3
python="$work/venv/bin/python"

for kind in ed25519 p256; do
    case $kind in
        ed25519) openssl genpkey -algorithm ed25519 -out "$work/$kind.pem" ;;
        p256) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/$kind.pem" ;;
    esac
    openssl pkey -in "$work/$kind.pem" -pubout -out "$work/$kind.pub"
done

if [ $# = 0 ]; then
    mkdir -p "$work/root/bin" "$work/root/usr/share"
    # A program whose interpreter is missing needs nothing else.
    printf '#!/bin/none\n' >"$work/root/bin/app"
    chmod 755 "$work/root/bin/app"
    echo junk >"$work/root/usr/share/junk"
    "$program" slim "rootfs:$work/root" -o "docker-archive:$work/original.tar" --keep '/**' --entrypoint /bin/app \
        --quiet >/dev/null
    set -- "$work/original.tar"
fi

for original in "$@"; do
    for kind in ed25519 p256; do
        rm -rf "$work/slim"
        "$program" slim "$original" -o "oci:$work/slim:app" --attest=slim,sbom --sign-key "$work/$kind.pem" --quiet >/dev/null
        "$program" verify "oci:$work/slim:app" --against "$original" --attestation --key "$work/$kind.pub" --quiet
        "$python" tests/attestations.py "$work/slim" "$original" "$work/$kind.pub"
        "$python" tests/attestations.py --libraries "$work/slim" "$work/$kind.pub"
    done
    # Flipped bytes must be noticed by both. Each attempt reads both images, so large ones are left out.
    [ "$(wc -c <"$original")" -lt 60000000 ] || continue
    for place in first last; do
        for blob in "$work"/slim/blobs/sha256/*; do
            "$python" tests/attestations.py --flip "$blob" "$place"
            if "$program" verify "oci:$work/slim:app" --against "$original" --attestation --quiet >/dev/null 2>&1; then
                echo "attestations: jettison does not notice a flipped byte in $blob" >&2
                exit 1
            fi
            if "$python" tests/attestations.py "$work/slim" "$original" >/dev/null 2>&1; then
                echo "attestations: the script does not notice a flipped byte in $blob" >&2
                exit 1
            fi
            "$python" tests/attestations.py --flip "$blob" "$place"
        done
    done
done
