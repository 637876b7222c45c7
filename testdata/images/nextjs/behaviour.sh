#!/bin/sh
# Prints what pages, routes, the middleware and the image optimizer of the application in image $1 answer.
set -eu
. tests/e2e/behaviour.sh
start "$1"
at=http://127.0.0.1:8000
text() {
    curl --silent --show-error "$@" | grep -o -E '<p>[^/]*|^[{].*[}]' | head -n 1
}
state() {
    curl --silent --show-error --output /dev/null --write-out '%{http_code} %{content_type} %{redirect_url}\n' "$@"
}
eventually curl --silent --output /dev/null --fail "$at/" >/dev/null
text "$at/"
text "$at/vessel/aida"
state "$at/vessel/none"
text "$at/legacy?mast=two"
text --data keel "$at/api/echo"
text "$at/teapot?for=crew"
state "$at/teapot"
state "$at/missing"
state "$at/ships/aida"
state "$at/card"
state "$at/flag.png"
state --header 'Accept: image/webp' "$at/_next/image?url=%2Fflag.png&w=48&q=75"
state "$at/_next/static/chunks/none.js"
state --request POST "$at/legacy"
