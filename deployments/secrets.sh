#!/usr/bin/env bash
# Makes the secrets of docker-compose.yml that are not there yet: random passwords and one API key. There is no default.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 077
secrets=deployments/secrets
mkdir -p "$secrets"
touch .env

for name in SLUICE_REDIS_PASSWORD SLUICE_CLICKHOUSE_PASSWORD; do
  if ! grep -q "^$name=." .env; then
    [ -z "$(tail -c 1 .env)" ] || echo >> .env
    # 24 bytes in the URL-safe alphabet: no padding, nothing to escape.
    printf '%s=%s\n' "$name" "$(head -c 24 /dev/urandom | base64 | tr '+/' '-_')" >> .env
    echo "made $name in .env"
  fi
done
printf 'requirepass %s\n' "$(sed -n 's/^SLUICE_REDIS_PASSWORD=//p' .env)" > "$secrets/redis.conf"

if [ ! -s "$secrets/api_keys" ]; then
  bin/sluice key default > "$secrets/api_keys.new"
  mv "$secrets/api_keys.new" "$secrets/api_keys"
fi

# The users of the containers read the files; the folder keeps others on this machine out.
chmod 644 "$secrets"/redis.conf "$secrets"/api_keys
