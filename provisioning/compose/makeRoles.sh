#!/bin/sh
# Runs once, when PostgreSQL has made its cluster: the owner of the archive, and a role that only reads statistics.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set owner_password="$(cat /run/promkeep/archive/PROMKEEP_ARCHIVE_PASSWORD)" \
  --set monitor_password="$(cat /run/promkeep/monitor/DATA_SOURCE_PASS)" <<'SQL'
CREATE ROLE promkeep LOGIN PASSWORD :'owner_password';
CREATE DATABASE promkeep OWNER promkeep;
ALTER DATABASE promkeep SET search_path = promkeep, public;
CREATE ROLE promkeep_monitor LOGIN PASSWORD :'monitor_password';
GRANT pg_monitor TO promkeep_monitor;
ALTER ROLE promkeep_monitor SET default_transaction_read_only = on;
SQL
