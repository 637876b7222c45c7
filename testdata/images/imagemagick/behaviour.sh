#!/bin/sh
# Prints what ImageMagick in image $1 makes of formats that each need a coder of their own, and of text.
set -eu
. tests/e2e/behaviour.sh
for format in png jpg gif webp tiff bmp pcx; do
    echo "$format:"
    run "$1" "$format" 2>&1
done
echo svg:
echo '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><circle cx="40" cy="20" r="15" fill="red"/></svg>' |
    run --interactive --entrypoint convert "$1" svg:- -format '%m %wx%h %[colors]\n' info:
echo pango:
# On a busy machine it can crash, in the original too.
eventually run --entrypoint convert "$1" -font Sans pango:'<b>ahoy</b>' -format '%m %[colors]\n' info:
echo fonts:
run --entrypoint convert "$1" -list font | grep -c 'Font: DejaVu'
