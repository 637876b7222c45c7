#!/bin/sh
# Clones repository $1, adds a commit, and pushes it back where $2 says so; then prints what it has.
set -eu
git clone --quiet "$1" copy
cd copy
git log --format='%h %s %an'
echo "seen $(date -d @1750000000 +%Y)" >>log.txt
GIT_COMMITTER_DATE='1750000000 +0000' GIT_AUTHOR_DATE='1750000000 +0000' git commit --quiet --all --message 'See it'
git diff --stat HEAD~1
[ "${2:-}" != push ] || git push --quiet origin HEAD
git gc --quiet
git archive HEAD | tar --list
git fsck --full && git submodule status && git stash list && git grep -c cargo
