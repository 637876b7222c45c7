#!/bin/sh
# Prints what the server in image $1 serves over HTTP and over TLS that is verified, by modules, from files and by proxy.
set -eu
. tests/e2e/behaviour.sh
start "$1"
folder=$(mktemp --directory)

ask() {
    curl --silent --show-error --cacert "$folder/cert.pem" --resolve harbour.test:8443:127.0.0.1 "$@"
}

eventually curl --silent --show-error --fail http://127.0.0.1:8080/
openssl s_client -connect 127.0.0.1:8443 </dev/null 2>/dev/null | openssl x509 >"$folder/cert.pem"
ask --write-out '%{http_code} %{http_version} %{content_type} %{ssl_verify_result}\n' https://harbour.test:8443/index.html
ask --output /dev/null --write-out '%header{content-encoding} %header{content-type}\n' --compressed https://harbour.test:8443/
ask https://harbour.test:8443/absent
ask https://harbour.test:8443/echo?word=ahoy
ask https://harbour.test:8443/proxied
ask --data-binary @/etc/passwd https://harbour.test:8443/upload
rm -r "$folder"
