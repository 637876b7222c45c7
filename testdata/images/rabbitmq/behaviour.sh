#!/bin/sh
# Prints what the broker in image $1 does with a message, and whether its own client, a script under two names, reaches it.
set -eu
. tests/e2e/behaviour.sh
start "$1"
# api METHOD PATH [BODY]
api() {
    curl --silent --show-error --fail --user guest:guest --request "$1" ${3:+--header content-type:application/json --data "$3"} \
        "http://127.0.0.1:15672/api$2"
}
ready() {
    for _ in $(seq 60); do
        api GET /healthchecks/node >/dev/null 2>&1 && return
        sleep 1
    done
}
ready
api GET /overview | jq --raw-output '.product_name, .listeners[].protocol' | sort --unique
api PUT /queues/%2F/cargo '{"durable": true}'
api POST /exchanges/%2F/amq.default/publish \
    '{"properties": {}, "routing_key": "cargo", "payload": "bronze", "payload_encoding": "string"}'
echo
api POST /queues/%2F/cargo/get '{"count": 1, "ackmode": "ack_requeue_false", "encoding": "auto"}' | jq --raw-output '.[].payload'
podman exec "$container" rabbitmqctl --quiet list_queues name durable
podman healthcheck run "$container" >/dev/null && echo healthy
