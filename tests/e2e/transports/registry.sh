#!/bin/sh
# A real registry: read, written, and asked for what it holds; first open, then with a password and a certificate of
# its own. $1 is `open` or `guarded`.
. "$(dirname "$0")/common.sh"
hello_image
host=localhost:5000

{
    echo 'version: 0.1'
    echo "storage: {filesystem: {rootdirectory: $work/data}}"
    echo 'log: {level: error, accesslog: {disabled: true}}'
} >"$work/registry.yml"
if [ "$1" = guarded ]; then
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -addext subjectAltName=DNS:localhost \
        -addext basicConstraints=critical,CA:FALSE -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
    # shellcheck disable=SC2016 # the dollars are the hash's
    perl -e 'print "user:", crypt("secret", q($2y$05$abcdefghijklmnopqrstuu)), "\n"' >"$work/passwords"
    echo "http: {addr: '$host', secret: x, tls: {certificate: $work/cert.pem, key: $work/key.pem}}" >>"$work/registry.yml"
    echo "auth: {htpasswd: {realm: here, path: $work/passwords}}" >>"$work/registry.yml"
    printf '{"auths": {"%s": {"auth": "%s"}}}' "$host" "$(printf user:secret | base64)" >"$work/auth.json"
    plain=
else
    echo "http: {addr: '$host', secret: x}" >>"$work/registry.yml"
    plain=--plain-http
fi
docker-registry serve "$work/registry.yml" >"$work/registry.log" 2>&1 &
trap 'kill $!' EXIT
# The registry itself would take REGISTRY_AUTH_FILE for a setting of its own.
[ "$1" = open ] || export SSL_CERT_FILE="$work/cert.pem" REGISTRY_AUTH_FILE="$work/auth.json"
copy() {
    skopeo copy --quiet --src-tls-verify=false --dest-tls-verify=false "$@"
}
wait_for copy containers-storage:localhost/hello:latest "docker://$host/team/hello:1"

# shellcheck disable=SC2086 # one word or none
"$jettison" slim "docker://$host/team/hello:1" $plain -o "docker://$host/team/hello:slim"
copy "docker://$host/team/hello:slim" containers-storage:localhost/hello:from-registry
says_hello localhost/hello:from-registry

# A digest is a name too, and what comes is what is in the archive.
digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$host/team/hello:slim")
# shellcheck disable=SC2086
"$jettison" slim "docker://$host/team/hello@$digest" $plain --keep '/**' -o "docker-archive:$work/by-digest.tar"
copy "docker://$host/team/hello@$digest" "docker-archive:$work/by-skopeo.tar"
"$jettison" slim "$work/by-skopeo.tar" --keep '/**' -o "docker-archive:$work/by-archive.tar"
cmp "$work/by-digest.tar" "$work/by-archive.tar"

# Layers that another repository holds are mounted, and the name alone says where the image goes.
# shellcheck disable=SC2086
"$jettison" slim "docker://$host/team/hello:1" $plain -t "$host/other/hello:slim"
[ "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$host/other/hello:slim")" = "$digest" ] ||
    fail 'the same image has two digests'

refused() {
    wanted=$1
    shift
    if "$jettison" deps "$@" >"$work/said" 2>&1; then fail "$* is not refused"; fi
    grep -q -- "$wanted" "$work/said" || fail "$* says: $(cat "$work/said")"
}
# shellcheck disable=SC2086
refused 'the registry reports: manifest unknown' "docker://$host/team/hello:no" $plain
if [ "$1" = guarded ]; then
    REGISTRY_AUTH_FILE=/dev/null refused 'credentials' "docker://$host/team/hello:1"
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt refused 'certificate' "docker://$host/team/hello:1"
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt "$jettison" deps "docker://$host/team/hello:1" --tls-verify=false
else
    refused 'plain-http' "docker://$host/team/hello:1"
    "$jettison" deps "docker://$host/team/hello:1" --tls-verify=false
fi
