#!/bin/sh
# Prints what the proxy in image $1 answers: by its script, over TLS that is verified, by name, and where nothing is.
set -eu
. tests/e2e/behaviour.sh
start --add-host lighthouse.test:127.0.0.1 "$1"
folder=$(mktemp --directory)
eventually curl --silent --show-error --fail http://127.0.0.1:8000/greet
openssl s_client -connect 127.0.0.1:8443 </dev/null 2>/dev/null | openssl x509 >"$folder/cert.pem"
curl --silent --show-error --cacert "$folder/cert.pem" --resolve harbour.test:8443:127.0.0.1 https://harbour.test:8443/greet
curl --silent --show-error http://127.0.0.1:8000/site
curl --silent --write-out '%{http_code}\n' http://127.0.0.1:8000/absent
rm -r "$folder"
