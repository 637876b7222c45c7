#!/bin/sh
# Prints what the mirror in image $1 does with a repository over HTTPS that is verified, and over SSH by a key.
set -eu
. tests/e2e/behaviour.sh
folder=$(mktemp --directory)
trap 'kill $servers 2>/dev/null; rm -r "$folder"' EXIT
servers=
certify harbour.test "$folder"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
export GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'

git init --quiet --initial-branch main "$folder/work"
echo 'bronze cargo' >"$folder/work/log.txt"
git -C "$folder/work" add log.txt
git -C "$folder/work" -c user.name=Captain -c user.email=captain@harbour.test commit --quiet --message 'Set sail'
git clone --quiet --bare "$folder/work" "$folder/ship.git"
git -C "$folder/ship.git" update-server-info

tests/e2e/serve-https.py "$folder" "$folder/cert.pem" "$folder/key.pem" 8443 &
servers="$servers $!"
eventually curl --silent --fail --output /dev/null --cacert "$folder/ca.pem" --resolve harbour.test:8443:127.0.0.1 \
    https://harbour.test:8443/ship.git/HEAD
echo https:
run --add-host harbour.test:127.0.0.1 --volume "$folder/ca.pem:/ca.pem:ro" --env GIT_SSL_CAINFO=/ca.pem \
    "$1" https://harbour.test:8443/ship.git
echo https that nobody vouches for:
run --add-host harbour.test:127.0.0.1 "$1" https://harbour.test:8443/ship.git 2>&1 | sed 's/CAfile.*//' || true

ssh-keygen -q -t ed25519 -N '' -f "$folder/host"
ssh-keygen -q -t ed25519 -N '' -f "$folder/key"
cp "$folder/key.pub" "$folder/authorized"
mkdir -p /run/sshd
/usr/sbin/sshd -D -q -f /dev/null -p 2222 -h "$folder/host" -o "AuthorizedKeysFile=$folder/authorized" \
    -o StrictModes=no -o PermitRootLogin=yes -o "PidFile=none" -o UsePAM=no &
servers="$servers $!"
mkdir "$folder/ssh"
cp "$folder/key" "$folder/ssh/id_ed25519"
eventually ssh-keyscan -p 2222 -t ed25519 127.0.0.1 | sed 's/^\[127.0.0.1\]/[harbour.test]/' >"$folder/ssh/known_hosts"
echo ssh:
run --add-host harbour.test:127.0.0.1 --volume "$folder/ssh:/root/.ssh" "$1" "ssh://root@harbour.test:2222$folder/ship.git" push
git -C "$folder/ship.git" log --format='%h %s'
