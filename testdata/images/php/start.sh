#!/bin/sh
# Runs both servers; the container ends with the first of them.
set -eu
mkdir -p /run/php
php-fpm8.2 --nodaemonize --force-stderr &
exec nginx -g 'daemon off;'
