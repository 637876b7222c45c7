#!/bin/sh
# `jettison frontend` in a real BuildKit: the one in Docker's daemon, which is started unless DOCKER_HOST names one.
# What the engine is too old for is left out, and named.
. "$(dirname "$0")/common.sh"
here=$(realpath "$(dirname "$0")")
# The client that comes with the daemon: a newer one needs plugins.
export PATH="/usr/sbin:/usr/bin:$PATH" DOCKER_BUILDKIT=1 BUILDX_NO_DEFAULT_ATTESTATIONS=1
image=localhost/jettison:e2e
log=$work/log

# The script says which step it is at when it fails.
broken() {
    cat "$log" >&2
    fail "$*"
}

# Builds the directory `app` with the options.
build() {
    docker build --network none --progress plain "$@" "$work/app" >"$log" 2>&1
}

expect() {
    grep -qF -- "$1" "$log" || broken "not in the output of the build: $1"
}

refute() {
    ! grep -qF -- "$1" "$log" || broken "in the output of the build: $1"
}

inspect() {
    docker image inspect --format "$@"
}

# The layers of an image, unpacked in $2.
unpack() {
    mkdir -p "$2" "$2.saved"
    docker save "$1" | tar -x -C "$2.saved"
    for layer in $(jq -r '.[0].Layers[]' "$2.saved/manifest.json"); do
        tar -x -C "$2" --xattrs --xattrs-include='*' -f "$2.saved/$layer"
    done
}

if [ -z "${DOCKER_HOST:-}" ]; then
    export DOCKER_HOST="unix://$work/socket"
    mkdir -p "$work/data" "$work/exec"
    dockerd --host="$DOCKER_HOST" --data-root="$work/data" --exec-root="$work/exec" --pidfile="$work/pid" \
        --iptables=false --ip6tables=false --bridge=none >"$work/daemon" 2>&1 &
    trap 'kill $!; wait; rm -rf "$work/data"' EXIT
    wait_for docker version
fi

# The image of jettison: the program, and what it loads unless it is static.
mkdir -p "$work/image/root/usr/bin"
cp "$jettison" "$work/image/root/usr/bin/jettison"
for library in $(ldd "$jettison" 2>/dev/null | grep -o '/[^ )]*'); do
    mkdir -p "$work/image/root$(dirname "$library")"
    cp -L "$library" "$work/image/root$library"
done
{
    echo 'FROM scratch'
    echo 'COPY root /'
    # The labels are those of the image that is published.
    sed -n '/^LABEL/,/[^\\]$/p' "$here/../../../packaging/Dockerfile"
    echo 'ENTRYPOINT ["/usr/bin/jettison"]'
} >"$work/image/Dockerfile"
docker build --quiet --tag "$image" "$work/image" >/dev/null

hello_root "$work/app/root"
echo 'nothing mentions it' >"$work/app/own.txt"
cat >"$work/app/Dockerfile" <<END
# syntax=$image
FROM scratch AS base
COPY root /

FROM base AS build
COPY own.txt /srv/own.txt
SHELL ["/bin/bash", "-c"]
RUN cd /tmp && echo made in the build >/made

FROM build AS test
LABEL stage=test
CMD ["/bin/bash"]

FROM build AS app
ENV GREETING=hello
WORKDIR /srv
ENTRYPOINT ["/bin/bash", "-c", "read -r line </made; echo \"\$GREETING from \$line\""]
END
sed 1d "$work/app/Dockerfile" >"$work/plain"
plain() {
    docker build --network none --progress plain --file "$work/plain" "$@" "$work/app" >"$log" 2>&1
}

# The result is that of the engine's own frontend.
build --tag app:e2e || broken 'the build fails'
plain --tag plain:e2e || broken 'the plain build fails'
parts='{{json .RootFS.Layers}} {{json .Config.Entrypoint}} {{json .Config.Env}} {{.Config.WorkingDir}}'
[ "$(inspect "$parts" app:e2e)" = "$(inspect "$parts" plain:e2e)" ] || fail 'it is not the image of the plain build'
build --target test --tag test:e2e || broken '--target fails'
[ "$(inspect '{{.Config.Labels.stage}}' test:e2e)" = test ] || fail '--target has no effect'
build --tag app:e2e
[ "$(grep -c CACHED "$log")" -ge 2 ] || broken 'the second build is not cached'

# Findings fail a build if they are to, with their lines.
! build --build-arg JETTISON_FAIL_ON=info --build-arg JETTISON_SELECT=cd-in-run || broken 'a finding does not fail'
expect 'jettison: 1 finding of severity '
expect 'Dockerfile:8: cd-in-run: '
echo 'select = 1' >"$work/app/.jettison.toml"
! build || broken 'a wrong configuration is accepted'
expect '.jettison.toml`, line 1'
echo 'ignore = ["cd-in-run"]' >"$work/app/.jettison.toml"
build --build-arg JETTISON_FAIL_ON=info --build-arg JETTISON_SELECT=cd-in-run || true
refute 'Dockerfile:8: cd-in-run'
rm "$work/app/.jettison.toml"

# An error of the Dockerfile is that of the engine.
sed 's/^FROM build AS test/FRM build/' "$work/app/Dockerfile" >"$work/wrong"
! docker build --network none --progress plain --file "$work/wrong" "$work/app" >"$log" 2>&1 || broken 'no error'
expect 'unknown instruction: FRM'
sed 's/made in the build/\&\& exit 3; true/' "$work/app/Dockerfile" >"$work/wrong"
! docker build --network none --progress plain --file "$work/wrong" --build-arg JETTISON=slim "$work/app" >"$log" 2>&1 ||
    broken 'a failing step does not fail the build'
expect 'exit code: 3'

# The slimmed image is that of the command line.
build --build-arg JETTISON=slim --tag slim:e2e || broken 'slimming fails'
build --build-arg JETTISON=slim --tag slim:e2e
[ "$(grep -c CACHED "$log")" -ge 3 ] || broken 'the slimming is not cached'
parts='{{json .Config.Entrypoint}} {{json .Config.Env}} {{.Config.WorkingDir}} {{.Architecture}}'
[ "$(inspect "$parts" slim:e2e)" = "$(inspect "$parts" plain:e2e)" ] || fail 'its configuration differs'
[ "$(inspect '{{len .RootFS.Layers}}' slim:e2e)" = 1 ] || fail 'it has more than one layer'
said=$(docker run --rm --network none slim:e2e)
[ "$said" = 'hello from made in the build' ] || fail "it says: $said"
docker save plain:e2e >"$work/plain.tar"
"$jettison" slim "$work/plain.tar" -o "docker-archive:$work/expected.tar" -t expected:e2e >"$work/summary"
docker load --quiet --input "$work/expected.tar" >/dev/null
unpack slim:e2e "$work/slim"
unpack expected:e2e "$work/expected"
[ ! -e "$work/slim/usr/share/junk" ] || fail 'it has junk'
[ -e "$work/slim/srv/own.txt" ] || fail 'a file of a COPY is missing'
"$here/../same_tree.py" "$work/expected" "$work/slim"
[ "$(inspect '{{json .RootFS.Layers}}' slim:e2e)" = "$(inspect '{{json .RootFS.Layers}}' expected:e2e)" ] ||
    echo 'the bytes of the layer are those of the engine'

# A policy fails the build, with the reason in the output of the step.
printf '[policy]\nmax-size = "1 kB"\n' >"$work/app/.jettison.toml"
! build --build-arg JETTISON=slim || broken 'a policy has no effect'
expect 'the result violates the policy'
rm "$work/app/.jettison.toml"
build --build-arg JETTISON=slim --build-arg 'JETTISON_SLIM_OPTIONS=--keep /usr/share/junk/**' --tag more:e2e ||
    broken '--keep fails'
unpack more:e2e "$work/more"
[ -e "$work/more/usr/share/junk/text" ] || fail '--keep has no effect'

# Newer engines have warnings, and `--check`.
if ! docker build --help 2>&1 | grep -q -- '--check'; then
    echo 'this engine has neither --check nor warnings'
    exit 0
fi
select=JETTISON_SELECT=cd-in-run
build --build-arg "$select"
expect 'cd-in-run: '
! build --build-arg "$select" --build-arg JETTISON_FAIL_ON=info || broken 'a finding does not fail'
expect '   8 | >>> RUN cd /tmp'
! build --check --build-arg "$select" || broken '--check succeeds'
expect 'WARNING: cd-in-run - '
expect '   8 | >>> RUN cd /tmp'
build --check --build-arg "$select" --build-arg JETTISON=off || true
refute 'cd-in-run'
plain --build-arg "$select" --build-arg "BUILDKIT_SYNTAX=$image"
expect 'cd-in-run: '
docker build --build-arg "BUILDKIT_SYNTAX=$image" --call targets "$work/app" >"$log" 2>&1 || broken '--call targets fails'
expect 'test'
