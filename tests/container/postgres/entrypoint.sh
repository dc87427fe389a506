#!/bin/sh
# Makes the cluster that POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB describe, and becomes the server.
set -eu
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
umask 077
echo "$POSTGRES_PASSWORD" > /tmp/password
initdb --no-sync --locale=C -E UTF8 -U "$user" -A scram-sha-256 --pwfile /tmp/password
rm /tmp/password
echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
printf "listen_addresses = '*'\nfsync = off\nsynchronous_commit = off\nfull_page_writes = off\n" >> "$PGDATA/postgresql.conf"
[ "$database" = postgres ] || echo "CREATE DATABASE \"$database\"" | postgres --single postgres
exec "$@"
