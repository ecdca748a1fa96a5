#!/bin/sh
# Fills the volumes of secrets on the first `docker compose up`. A file is named like the variable that gets its content
# (withSecrets.sh), and each service mounts only the volumes it needs. Secrets that exist stay.
#   makeSecrets.sh <directory with admin/, archive/, monitor/, web/, scrape/, mysql/, mysql-monitor/>
set -eu
root=$1

make() {
  [ -s "$1" ] || head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$1"
  # Read by the services' own users; nobody else mounts the volume.
  chmod 0444 "$1"
}

make "$root/admin/POSTGRES_PASSWORD"
make "$root/archive/PROMKEEP_ARCHIVE_PASSWORD"
make "$root/monitor/DATA_SOURCE_PASS"
make "$root/web/PROMKEEP_TOKEN"
# Prometheus reads it to scrape promkeep serve, and has no business with Grafana's password beside it.
cp -pf "$root/web/PROMKEEP_TOKEN" "$root/scrape/PROMKEEP_TOKEN"
make "$root/web/GF_SECURITY_ADMIN_PASSWORD"
make "$root/mysql/MYSQL_ROOT_PASSWORD"
make "$root/mysql-monitor/MYSQLD_EXPORTER_PASSWORD"
