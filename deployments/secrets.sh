#!/usr/bin/env bash
# Makes the secrets of docker-compose.yml, once: random passwords and one API key. Nothing here has a default password.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 077
mkdir -p deployments/secrets
random() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }
if [ ! -f .env ]; then
  redis=$(random)
  printf '%s' "$redis" > deployments/secrets/redis_password
  printf 'SLUICE_REDIS_PASSWORD=%s\nSLUICE_CLICKHOUSE_PASSWORD=%s\n' "$redis" "$(random)" > .env
  echo "made .env"
fi
if [ ! -f deployments/secrets/api_keys ]; then
  bin/sluice key default > deployments/secrets/api_keys
fi
# Compose hands the files to users other than this one.
chmod 644 deployments/secrets/*
