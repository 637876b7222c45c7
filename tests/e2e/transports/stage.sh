#!/bin/sh
# A stage of a Dockerfile in which jettison slims what the stage before it built, as `rules/guide/build-step.md` shows it.
. "$(dirname "$0")/common.sh"
hello_root "$work/context/root"
mkdir "$work/context/tool"
cp "$jettison" "$work/context/tool/jettison"
# The binary of a test build is not static, so what it loads must be there too.
"$jettison" deps rootfs:/ "$jettison" --format paths | tr '\0' '\n' | grep -v "^$jettison" | sed 's|^/||' >"$work/paths"
tar -C / -c -h -T "$work/paths" | tar -C "$work/context/root" -x
cat >"$work/context/Dockerfile" <<'END'
FROM scratch AS jettison
COPY tool /

FROM scratch AS built
COPY root /
RUN ["/bin/bash", "-c", "echo made in the build >/made"]

FROM built AS slimmed
RUN --mount=from=jettison,target=/jettison ["/jettison/jettison", "slim", "rootfs:/", "-o", "rootfs:/slim", \
    "--entrypoint", "[\"/bin/bash\", \"/made\"]", "--keep", "/made"]

FROM scratch
COPY --from=slimmed /slim /
ENTRYPOINT ["/bin/bash", "-c", "read -r line </made; echo \"hello from $line\""]
END
buildah build --quiet --isolation chroot --pull=never --tag localhost/hello:stage "$work/context"
says_hello localhost/hello:stage
mounted=$(podman image mount localhost/hello:stage)
ls -A "$mounted"
[ ! -e "$mounted/slim" ] && [ ! -e "$mounted/jettison" ] || fail 'the destination or the tool is in the image'
podman image unmount localhost/hello:stage >/dev/null
podman rmi --force localhost/hello:stage >/dev/null
