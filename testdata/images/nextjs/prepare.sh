#!/bin/sh
# Builds the application in directory source, standalone, in directory $1.
set -eu
[ -e "$1/complete" ] && exit
source=$(dirname "$0")/source
mkdir -p "$1/build"
cp -R "$source/." "$1/build"
cd "$1/build"
npm install --no-audit --no-fund --silent
NEXT_TELEMETRY_DISABLED=1 npx next build
rm -rf ../standalone
mv .next/standalone ../standalone
mv .next/static ../standalone/.next/static
cp -R public data ../standalone
cd ..
rm -rf build
touch complete
