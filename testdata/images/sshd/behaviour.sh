#!/bin/sh
# Prints what a sailor may do on the server in image $1: log in by key and by password, run commands, copy files.
set -eu
. tests/e2e/behaviour.sh
folder=$(mktemp --directory)
start "$1"
install -m 600 testdata/images/sshd/key "$folder/key"
eventually ssh-keyscan -p 2222 -t ed25519 127.0.0.1 >"$folder/known"
options="-F none -o UserKnownHostsFile=$folder/known -o LogLevel=ERROR -o Port=2222"

# shellcheck disable=SC2086 # one word per option
by_key() {
    ssh $options -i "$folder/key" sailor@127.0.0.1 "$@"
}

by_key 'echo "$USER $HOME $SHELL"; id -un; ulimit -n >/dev/null && echo limited'
by_key -tt 'tty | sed s/[0-9]/N/; motd=$(cat /etc/motd); echo "${motd,,}"' | tr -d '\r'
printf '#!/bin/sh\necho overboard\n' >"$folder/ask"
chmod +x "$folder/ask"
# shellcheck disable=SC2086
SSH_ASKPASS="$folder/ask" SSH_ASKPASS_REQUIRE=force ssh $options -o PubkeyAuthentication=no sailor@127.0.0.1 echo by password
# shellcheck disable=SC2086
SSH_ASKPASS=/bin/false SSH_ASKPASS_REQUIRE=force ssh $options -o PubkeyAuthentication=no sailor@127.0.0.1 true || echo refused
echo cargo >"$folder/cargo"
# shellcheck disable=SC2086
scp -q ${options} -i "$folder/key" "$folder/cargo" sailor@127.0.0.1:cargo
# shellcheck disable=SC2086
printf 'ls\nget cargo %s\n' "$folder/back" | sftp -q ${options} -i "$folder/key" -b - sailor@127.0.0.1 | grep -v '^sftp>'
cat "$folder/back"
rm -r "$folder"
