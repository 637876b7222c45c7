#!/bin/sh
# Prints what the server in image $1 knows after its first start: zones, collations, engines, plugins, messages.
set -eu
. tests/e2e/behaviour.sh
start "$1"
ask() {
    podman exec "$container" ask "$1" 2>&1
}
eventually ask 'select greeting(name), json_value(cargo, "$.ballast") from ship where name = "Vasa"; select @@port'
ask "select convert_tz('2025-06-15 12:00:00', 'UTC', 'Asia/Kathmandu'), convert_tz(launched, 'Europe/Stockholm', 'UTC') from ship where launched is not null"
ask "select group_concat(name order by name collate utf8mb4_swedish_ci) from ship"
ask "select hex(convert('船' using sjis)), hex(convert('€' using latin1)), sha2('cargo', 256)"
ask 'select * from log; select * from nowhere' || true
ask "install soname 'ha_blackhole'; create table hole (a int) engine = blackhole; insert into hole values (1); select count(*) from hole"
ask "install soname 'auth_ed25519'; select plugin_status from information_schema.plugins where plugin_name = 'ed25519'"
ask "select 'aufgeben' regexp '^auf.*(?=n)', uuid() is not null, uncompress(compress('deck'))"
podman healthcheck run "$container" && echo healthy
podman top "$container" user comm | tail -n 1 | tr -s ' '
