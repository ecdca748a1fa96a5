#!/bin/sh
# Runs a program with the files of /run/promkeep as environment variables: withSecrets.sh <program> [<argument>…]
set -eu
for file in "${PROMKEEP_SECRETS:-/run/promkeep}"/*/*; do
  [ ! -f "$file" ] || export "$(basename "$file")=$(cat "$file")"
done
if [ -n "${PROMKEEP_ARCHIVE_HOST:-}" ]; then
  export PROMKEEP_DATABASE_URL="postgres://${PROMKEEP_ARCHIVE_USER}:${PROMKEEP_ARCHIVE_PASSWORD}@${PROMKEEP_ARCHIVE_HOST}/${PROMKEEP_ARCHIVE_DATABASE}"
fi
exec "$@"
