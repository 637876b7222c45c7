#!/usr/bin/env bash
# Makes the system tables on the first start, fills the database, and gives way to the server.
set -eo pipefail
if [ "${1:0:1}" = '-' ]; then
    set -- mariadbd "$@"
fi

temporary_server() {
    "$@" --skip-networking --socket=/run/mysqld/mysqld.sock &
    server=$!
    for _ in {300..0}; do
        mariadb-admin --user=root ping &>/dev/null && return
        sleep 0.1
    done
    echo >&2 'no server'
    exit 1
}

if [ "$1" = mariadbd ] && [ "$(id -u)" = 0 ]; then
    find /var/lib/mysql \! -user mysql -exec chown mysql: '{}' +
    exec gosu mysql "$BASH_SOURCE" "$@"
fi

if [ "$1" = mariadbd ] && [ ! -d /var/lib/mysql/mysql ]; then
    mariadb-install-db --skip-test-db --auth-root-authentication-method=normal >/dev/null 2>&1
    temporary_server "$@" 2>/dev/null
    mariadb-tzinfo-to-sql /usr/share/zoneinfo 2>/dev/null | mariadb --user=root mysql
    for file in /init/*; do
        case "$file" in
            *.sql) mariadb --user=root <"$file" ;;
            *.sql.gz) gunzip -c "$file" | mariadb --user=root ;;
        esac
    done
    mariadb-admin --user=root shutdown
    wait "$server"
fi
exec "$@"
