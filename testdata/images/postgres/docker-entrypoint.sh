#!/usr/bin/env bash
# Makes a database cluster on the first start, fills it from /docker-entrypoint-initdb.d, then gives way to the server.
set -Eeo pipefail

on_socket() {
    psql --set ON_ERROR_STOP=1 --no-password --no-psqlrc --username postgres --quiet "$@"
}

make_cluster() {
    local password
    password=$(mktemp)
    printf '%s\n' "${POSTGRES_PASSWORD:?is not set}" >"$password"
    initdb --username=postgres --pwfile="$password" --auth-local=trust --auth-host=scram-sha-256 >/dev/null
    rm "$password"
    printf 'host all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
}

fill() {
    local file
    for file in /docker-entrypoint-initdb.d/*; do
        case $file in
            *.sql) on_socket --file "$file" ;;
            *.sh) . "$file" ;;
            *) echo "ignoring $file" ;;
        esac
    done
}

if [ "${1:0:1}" = - ]; then
    set -- postgres "$@"
fi

if [ "$1" = postgres ] && [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA"
    chmod 700 "$PGDATA"
    find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
    exec gosu postgres "${BASH_SOURCE[0]}" "$@"
fi

if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
    make_cluster
    pg_ctl --options="-c listen_addresses=''" --wait start >/dev/null
    fill
    pg_ctl --mode=fast --wait stop >/dev/null
fi

exec "$@"
