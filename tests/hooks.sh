#!/bin/sh
# Installs this repository as its users do: `pip install` in a clean virtual environment, and the hooks by pre-commit.
# The commit that is checked out is what pre-commit installs. Needs what `tests/tools.sh python3 git` brings, and PyPI.
set -eu
cd "$(dirname "$0")/.."
repository=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
    echo "hooks: $1" >&2
    exit 1
}

# Optimisation is not what is tested, and other tests have built the dependencies.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$repository/target}" MATURIN_PEP517_ARGS='--profile dev'
export PRE_COMMIT_HOME="$work/pre-commit" GIT_CONFIG_GLOBAL=/dev/null
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
git clone --quiet "$repository" "$work/jettison"

# Versions stand in two places, as pyproject.toml has no room for hashes.
for requirement in $(sed -n 's/^\([a-z-]*==[^ ]*\).*/\1/p' requirements/build.txt requirements/shellcheck.txt); do
    case $requirement in
        tomli==*) ;; # which maturin itself asks for
        *) grep -qF "\"$requirement\"" pyproject.toml || fail "pyproject.toml does not pin $requirement" ;;
    esac
done

python3 -m venv "$work/venv"
(cd "$work/jettison" && "$work/venv/bin/pip" install --quiet --disable-pip-version-check '.[shellcheck]')
printf 'FROM debian:12\nUSER 1\nRUN echo $unquoted\n' >"$work/Dockerfile"
if found=$(PATH=$work/venv/bin:/usr/bin:/bin jettison lint --select SC2086 --format compact "$work/Dockerfile" 2>&1); then
    fail 'SC2086 is not reported'
fi
[ -x "$work/venv/bin/shellcheck" ] || fail 'the extra brings no ShellCheck'
case $found in
    *SC2086*) ;;
    *) fail "ShellCheck is not asked: $found" ;;
esac
echo "pip: $("$work/venv/bin/jettison" --version)"

python3 -m venv "$work/tools"
"$work/tools/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
    --requirement "$repository/tests/requirements/pre-commit.txt"
mkdir "$work/scratch"
cd "$work/scratch"
git init --quiet
hooks() {
    printf 'repos:\n  - repo: %s\n    rev: %s\n    hooks:\n' "$work/jettison" "$(git -C "$work/jettison" rev-parse HEAD)"
    printf '      - id: %s\n' "$@"
}
commit() {
    git add .
    PATH=$work/tools/bin:$PATH git commit --quiet -m "$1" >"$work/log" 2>&1
}
printf 'FROM debian:12\nADD app.conf /etc/\nUSER root\n' >Dockerfile
echo 'FROM debian:12' >Dockerfile.md
hooks jettison >.pre-commit-config.yaml
"$work/tools/bin/pre-commit" install >/dev/null
! commit lint || fail 'a commit with defects passes'
grep -q 'add-instead-of-copy' "$work/log" || fail "the defect is not named: $(cat "$work/log")"
! grep -q 'Dockerfile.md' "$work/log" || fail 'Markdown is checked'

hooks jettison-fix >.pre-commit-config.yaml
! commit fix || fail 'a commit passes that the hook has changed'
! grep -q '^ADD' Dockerfile || fail "nothing is fixed: $(cat "$work/log")"
printf 'FROM debian:12\nUSER 1\nCMD ["true"]\nHEALTHCHECK NONE\n' >Dockerfile
hooks jettison jettison-fix >.pre-commit-config.yaml
commit clean || fail "a clean file fails: $(cat "$work/log")"
echo "pre-commit: $(git log --format=%s) passes, the others do not"
