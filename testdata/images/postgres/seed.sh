# shellcheck shell=bash
# Sourced by the entry point, which defines on_socket.
on_socket <<'SQL'
insert into ship values ('Vasa', '1628-08-10 16:00+01', 'bronze=>64,ballast=>"too little"');
SQL
