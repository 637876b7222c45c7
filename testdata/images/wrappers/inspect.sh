#!/bin/sh
# Uses programs whose libraries open others through NSPR, libltdl and GLib.
set -eu
cd /tmp
mkdir keys
echo thrown >password
certutil -N -d sql:keys -f password
head -c 64 /dev/zero >noise
certutil -S -d sql:keys -f password -z noise -n captain -s CN=Captain -x -t ,, 2>/dev/null
certutil -L -d sql:keys | grep captain
echo "select 6 * 7 as answer" | isql -b -c cargo
gdk-pixbuf-thumbnailer --size 20 /srv/cargo.svg small.png
head -c 4 small.png | tail -c 3
echo
