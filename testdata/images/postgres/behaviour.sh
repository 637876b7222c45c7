#!/bin/sh
# Prints what the server in image $1 knows after its first start: extensions, collations, time zones, text search.
set -eu
. tests/e2e/behaviour.sh
start --env POSTGRES_PASSWORD=thrown "$1"
export PGPASSWORD=thrown PGCONNECT_TIMEOUT=5

ask() {
    psql --no-psqlrc --tuples-only --no-align --host 127.0.0.1 --username postgres --command "$1"
}

eventually ask 'select 1'
ask 'show lc_collate'
ask "select name, cargo -> 'ballast', greeting(name) from ship"
ask "set timezone to 'America/Halifax'; select launched from ship"
ask "select encode(digest('cargo', 'sha256'), 'hex'), similarity('mast', 'masts')"
ask "select to_tsvector('german', 'Die Schiffe fuhren über die Meere')"
ask "select string_agg(word, ' ' order by word collate \"en_US.utf8\") from unnest(array['zoo', 'Äpfel', 'apple']) word"
ask "select string_agg(word, ' ' order by word collate \"sv-x-icu\") from unnest(array['zoo', 'Äpfel', 'apple']) word"
ask "select convert_to('船', 'EUC_JP'), xpath('/a/text()', '<a>deck</a>')"
ask "set jit = on; set jit_above_cost = 0; select sum(n) from generate_series(1, 1000) n"
ask 'do $$ begin raise notice $x$anchored$x$; end $$' 2>&1
podman healthcheck run "$container" && echo healthy
podman top "$container" user args | awk '$2 == "postgres" { print $1, $2 }'
