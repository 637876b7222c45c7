#!/bin/sh
# A stand-in for Podman. Images are archives in $FAKE/images; containers are directories in $FAKE/containers, with a
# process if they run. The program of each image opens the files in $FAKE/needs, one after the other, and ends at the
# first that the image does not have; it looks for those in $FAKE/likes, too, and goes on without them.
set -eu
echo "$*" >>"$FAKE/calls"

key() {
    printf %s "$1" | tr /: __
}

# Whether image $1 has file $2.
has() {
    tar -tf "$FAKE/images/$1" | grep '\.tar$' | while read -r layer; do
        tar -xOf "$FAKE/images/$1" "$layer" | tar -t
    done | grep -qx "${2#/}"
}

# Records in the results of a tracer that the program did $1 with path $2.
record() {
    [ -z "$results" ] || printf '["%s","%s","/app"]\n' "$1" "$2" >>"$results/0.records"
}

# The program of image $1.
program() {
    while read -r path; do
        if has "$1" "$path"; then record opened "$path"; else record missing "$path"; fi
    done <"$FAKE/likes"
    while read -r path; do
        if has "$1" "$path"; then
            record opened "$path"
        else
            record missing "$path"
            echo "cannot open $path" >&2
            return 3
        fi
    done <"$FAKE/needs"
    echo works
}

case $1 in
load)
    # Podman leaves the layer behind if it is killed before the image is complete.
    touch "$FAKE/layers/layer"
    if [ -n "${FAKE_WAITS:-}" ]; then
        touch "$FAKE/loads"
        while [ ! -e "$FAKE/continue" ]; do sleep 0.02; done
    fi
    name=$(tar -xOf "$4" manifest.json | sed 's/.*"RepoTags":\["\([^"]*\)".*/\1/')
    cp "$4" "$FAKE/images/$(key "$name")"
    rm "$FAKE/layers/layer"
    ;;
image)
    test -e "$FAKE/images/$(key "$5")"
    ;;
rmi)
    rm "$FAKE/images/$(key "$4")"
    ;;
run)
    name=unnamed$$ detach='' results='' image=''
    while [ $# -gt 0 ]; do
        case $1 in
        --detach) detach=1 ;;
        --name) name=$2 && shift ;;
        --volume=*:/.jettison-results:*) results=${1#--volume=} && results=${results%%:*} ;;
        localhost/jettison-test:*) image=$(key "$1") ;;
        esac
        shift
    done
    test -e "$FAKE/images/$image"
    container=$FAKE/containers/$name
    mkdir "$container"
    config=$(tar -xOf "$FAKE/images/$image" manifest.json | sed 's/.*"Config":"\([^"]*\)".*/\1/')
    tar -xOf "$FAKE/images/$image" "$config" | sed 's/.*"\(jettison.run\)":"\([^"]*\)".*/\1=\2/' >"$container/label"
    code=0
    if [ -n "$detach" ]; then
        program "$image" >"$container/log" 2>&1 || code=$?
        if [ "$code" = 0 ]; then
            setsid sleep 1000 </dev/null >/dev/null 2>&1 &
            echo $! >"$container/process"
        fi
        echo "$code" >"$container/code"
    else
        program "$image" || code=$?
        rm -r "$container"
        exit "$code"
    fi
    ;;
ps)
    for container in "$FAKE"/containers/*; do
        if [ "$(cat "$container/label" 2>/dev/null)" = "${6#label=}" ]; then basename "$container"; fi
    done
    ;;
inspect)
    container=$FAKE/containers/$6
    case $5 in
    *State*) echo "$(test -e "$container/process" && echo true || echo false) $(cat "$container/code")" ;;
    *Labels*) sed 's/.*=//' "$container/label" ;;
    esac
    ;;
port)
    cat "$FAKE/ports"
    ;;
logs)
    cat "$FAKE/containers/$2/log"
    ;;
kill)
    kill -9 "$(cat "$FAKE/containers/$2/process")"
    ;;
rm)
    rm -r "$FAKE/containers/$4"
    ;;
*)
    echo "unknown: $*" >&2
    exit 2
    ;;
esac
