#!/bin/bash
# Lints 1,000 deployments: 500 Compose files with 8 services each, and 500 manifests with 4 documents each. The goal is one
# second. The binary is `target/release/jettison`, or what JETTISON_BINARY names.
set -euo pipefail

binary=$(realpath "${JETTISON_BINARY:-target/release/jettison}")
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"

for number in $(seq 500); do
    mkdir "$number"
    {
        printf 'x-common: &common\n  restart: on-failure:3\n  read_only: true\nservices:\n'
        for service in a b c d e f g h; do
            printf '  %s:\n    <<: *common\n    image: registry.example.com/%s:${TAG:-1.0}\n' $service $service
            printf '    environment:\n      - LEVEL=info\n      - DATABASE_URL=db:5432\n'
            printf '    volumes: ["./data:/data:ro", "cache:/cache"]\n    ports: ["127.0.0.1:8080:80"]\n'
            printf '    healthcheck:\n      test: [CMD, curl, -f, http://localhost/]\n      interval: 10s\n'
        done
    } >"$number/compose.yaml"
    for document in a b c d; do
        printf -- '---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: %s\nspec:\n' $document
        printf '  template:\n    spec:\n      containers:\n        - name: %s\n' $document
        printf '          image: registry.example.com/%s:1.0\n          ports: [{containerPort: 80}]\n' $document
        printf '          livenessProbe: {httpGet: {path: /, port: 80}}\n'
        printf '          resources: {limits: {memory: 64Mi, cpu: 1}}\n'
        printf '          env: [{name: LEVEL, value: info}]\n'
    done >"$number/deployment.yaml"
done

time "$binary" lint --quiet --fail-on none .
time "$binary" lint --quiet --fail-on none --profile pedantic . >/dev/null
