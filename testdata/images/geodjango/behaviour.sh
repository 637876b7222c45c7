#!/bin/sh
# Prints the nearest harbor by the application in image $1, which finds GDAL, GEOS and SpatiaLite by itself.
set -eu
. tests/e2e/behaviour.sh
start "$1"
eventually curl --silent --show-error --fail http://127.0.0.1:8000/near
curl --silent --output /dev/null --write-out '%{http_code}\n' http://127.0.0.1:8000/absent
