#!/bin/sh
# Prints what the parts of the application in image $1 report.
set -eu
. tests/e2e/behaviour.sh
start --add-host lighthouse.test:192.0.2.7 "$1"
eventually curl --silent --show-error --fail http://127.0.0.1:8000/ahoy
curl --silent http://127.0.0.1:8000/papers
curl --silent http://127.0.0.1:8000/world
