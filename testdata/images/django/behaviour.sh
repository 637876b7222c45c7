#!/bin/sh
# Prints what pages of the Django project in image $1 contain that settings, not imports, lead to: the administration with
# its static files, a sitemap, an API, translations, and commands.
set -eu
. tests/e2e/behaviour.sh
jar=$(mktemp)
start "$1"
site=http://127.0.0.1:8000
eventually curl --silent --show-error --fail "$site/" | sed 's/harbour\.[0-9a-f]*\.css/harbour.css/'
status() {
    curl --silent --output /dev/null --write-out '%{http_code} %{content_type}\n' "$@"
}
status "$site/absent"
style=$(curl --silent "$site/admin/login/" | grep -o '/static/admin/css/base[^"]*' | head -n 1)
status "$site$style"
status --header 'Accept-Encoding: gzip' "$site/static/admin/js/core.js"
curl --silent --cookie-jar "$jar" "$site/admin/login/" | grep -o '<title>.*' | head -n 1
for language in sv fr; do
    curl --silent --header "Accept-Language: $language" "$site/admin/login/" | grep -o '<title>.*'
done
token=$(awk '$6 == "csrftoken" { print $7 }' "$jar")
status --cookie "$jar" --cookie-jar "$jar" --referer "$site/admin/login/" \
    --data "csrfmiddlewaretoken=$token&username=mate&password=ahoy&next=/admin/" "$site/admin/login/"
for page in / /auth/user/ /auth/user/1/change/ /berths/ship/ /berths/ship/add/ /berths/ship/1/history/ /jsi18n/ \
    /berths/ship/1/delete/ /password_change/; do
    status --cookie "$jar" "$site/admin$page"
done
status "$site/accounts/password_reset/"
curl --silent "$site/sitemap.xml" | grep -o '<loc>.*</loc>'
status "$site/api/ships/"
key=$(curl --silent --data 'username=mate&password=ahoy' "$site/token" | grep -o '"[0-9a-f]*"' | tr -d '"')
curl --silent --header "Authorization: Token $key" --data 'name=Amphion&masts=2' "$site/api/ships/"
echo
curl --silent --header "Authorization: Token $key" --header 'Accept: text/html' "$site/api/ships/" | grep -o '<title>.*'
podman exec "$container" python manage.py check
podman exec "$container" python manage.py moor Sampo 1
podman exec "$container" python manage.py dumpdata berths --format xml | grep -o 'AutoField\|<field name="name" type="CharField">[^<]*'
podman exec "$container" python manage.py showmigrations berths
podman exec "$container" python manage.py clearsessions
rm "$jar"
