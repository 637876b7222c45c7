#!/bin/sh
# Prints what the application in image $1 reports through nginx and PHP-FPM.
set -eu
. tests/e2e/behaviour.sh
start --add-host lighthouse.test:192.0.2.7 "$1"
eventually curl --silent --show-error --fail http://127.0.0.1:8000/
curl --silent --output /dev/null --write-out '%{http_code}\n' http://127.0.0.1:8000/absent.php
