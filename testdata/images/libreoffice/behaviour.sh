#!/bin/sh
# Prints which formats LibreOffice in image $1 converts a page to, and what kind of files they are.
set -eu
. tests/e2e/behaviour.sh
folder=$(mktemp --directory)
for format in pdf odt txt; do
    run --volume "$folder:/out" "$1" "$format" --outdir /out /doc/note.html | sed -n 's/.*-> //p'
done
head -c 5 "$folder/note.pdf"
echo
python3 -m zipfile --list "$folder/note.odt" | awk '{ print $1 }' | grep --line-regexp content.xml
cat "$folder/note.txt"
rm -r "$folder"
