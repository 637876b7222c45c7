#!/bin/sh
# Writes what belongs to a program besides itself, as below /usr: completions, manual pages and licenses.
#
#     packaging/share.sh PROGRAM DIRECTORY
set -eu
program=$(realpath "$1")
mkdir -p "$2"
directory=$(realpath "$2")
cd "$(dirname "$0")/.."

completions() {
    mkdir -p "$directory/share/$2"
    "$program" completions "$1" >"$directory/share/$2/$3"
}
completions bash bash-completion/completions jettison
completions zsh zsh/site-functions _jettison
completions fish fish/vendor_completions.d jettison.fish
mkdir -p "$directory/share/man/man1" "$directory/share/doc/jettison"
"$program" man "$directory/share/man/man1"
cp LICENSE-APACHE LICENSE-MIT README.md CHANGELOG.md "$directory/share/doc/jettison/"
