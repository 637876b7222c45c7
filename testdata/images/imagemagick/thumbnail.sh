#!/bin/bash
# Draws a picture with a caption in the format that $1 names, reads it back, and says what it is.
set -euo pipefail
shopt -s nullglob
format=$1

convert -size 120x60 gradient:navy-white -font DejaVu-Sans -pointsize 20 -fill red -gravity center -annotate 0 ahoy \
    "$PWD/picture.$format"
identify -format '%m %wx%h\n' "picture.$format"
convert "picture.$format[0]" -resize 50% -colorspace Gray out.png
identify -format '%m %wx%h %[colorspace]\n' out.png
for each in *.png; do echo "$each"; done
