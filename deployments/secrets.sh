#!/usr/bin/env bash
# Makes the secrets of docker-compose.yml that are not there yet: a password for each user of each server, an authority and
# a certificate for the brokers, and one API key. There is no default. A password is in a file of its own, which only its
# service gets; the servers get digests where they take them.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 077
secrets=deployments/secrets
mkdir -p "$secrets"
touch .env

# 24 bytes in the URL-safe alphabet: no padding, nothing to escape.
password() {
  [ -s "$secrets/$1" ] || head -c 24 /dev/urandom | base64 | tr '+/' '-_' > "$secrets/$1"
  tr -d '\n' < "$secrets/$1"
}
digest() { printf %s "$1" | sha256sum | cut -d ' ' -f 1; }

# Puts NAME='VALUE' into .env, in the place of what it had.
variable() {
  { grep -v "^$1=" .env || true; printf "%s='%s'\n" "$1" "$2"; } > .env.new
  mv .env.new .env
}

users=""
for user in operator ingest enrichment alerting recorder watchlist auditor exchange alerts analysts chain; do
  users="$users user_$user=\"$(password "kafka_$user")\""
done
variable SLUICE_KAFKA_USERS "${users# }"

cp deployments/redis/users.acl "$secrets/users.acl.new"
for user in ingest enrichment watchlist migrate; do
  sum=$(digest "$(password "redis_$user")")
  sed "s/ #$user / #$sum /" "$secrets/users.acl.new" > "$secrets/users.acl.tmp"
  mv "$secrets/users.acl.tmp" "$secrets/users.acl.new"
done
mv "$secrets/users.acl.new" "$secrets/users.acl"

for user in migrator recorder watchlist auditor; do
  variable "SLUICE_${user^^}_SHA256" "$(digest "$(password "clickhouse_$user")")"
done
variable ANALYST_DEFAULT_SHA256 "$(digest "$(password clickhouse_analyst)")"

if [ ! -s "$secrets/kafka.pem" ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 825 -subj "/CN=sluice compose authority" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign" \
    -keyout "$secrets/ca.key" -out "$secrets/ca.pem" 2>/dev/null
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=kafka" -keyout "$secrets/kafka.key" -out "$secrets/kafka.csr" 2>/dev/null
  openssl x509 -req -in "$secrets/kafka.csr" -CA "$secrets/ca.pem" -CAkey "$secrets/ca.key" -CAcreateserial -days 825 \
    -extfile <(echo "subjectAltName=DNS:kafka,DNS:localhost,IP:127.0.0.1") -out "$secrets/kafka.crt" 2>/dev/null
  cat "$secrets/kafka.key" "$secrets/kafka.crt" "$secrets/ca.pem" > "$secrets/kafka.pem"
  rm "$secrets/ca.key" "$secrets/ca.srl" "$secrets/kafka.key" "$secrets/kafka.csr" "$secrets/kafka.crt" # a new certificate means a new authority
fi

if [ ! -s "$secrets/api_keys" ]; then
  bin/sluice key default > "$secrets/api_keys.new"
  mv "$secrets/api_keys.new" "$secrets/api_keys"
fi

# The users of the containers read the files; the folder keeps others on this machine out.
chmod 644 "$secrets"/*
