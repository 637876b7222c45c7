#!/bin/sh
# Prints what the server in image $1 answers through its modules: files, rewriting, TLS, proxy, CGI, negotiation.
set -eu
. tests/e2e/behaviour.sh
start "$1"

ask() {
    curl --silent --show-error "$@"
}

eventually curl --silent --fail http://127.0.0.1/
ask --output /dev/null --write-out '%{http_code} %{redirect_url}\n' http://127.0.0.1/moved
ask --output /dev/null --write-out '%{content_type} %header{content-encoding} %header{x-deck}\n' --compressed http://127.0.0.1/
ask --insecure --write-out '%{http_code}\n' https://127.0.0.1/
ask http://127.0.0.1/proxied
ask 'http://127.0.0.1/cgi-bin/report?ship=vasa'
ask --output /dev/null --write-out '%{http_code}\n' http://127.0.0.1/secret.html
ask --output /dev/null --write-out '%{http_code} %{content_type}\n' http://127.0.0.1/icons/folder.png
podman healthcheck run "$container" && echo healthy
