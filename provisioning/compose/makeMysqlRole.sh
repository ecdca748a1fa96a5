#!/bin/sh
# Runs once, when MySQL has made its data directory: the exporter's role, with the rights its manual asks for.
set -eu
password=$(cat /run/promkeep/mysql-monitor/MYSQLD_EXPORTER_PASSWORD)
MYSQL_PWD=$(cat /run/promkeep/mysql/MYSQL_ROOT_PASSWORD) mysql --user=root <<SQL
CREATE USER 'promkeep_monitor'@'%' IDENTIFIED BY '$password' WITH MAX_USER_CONNECTIONS 3;
GRANT PROCESS, REPLICATION CLIENT, SELECT ON *.* TO 'promkeep_monitor'@'%';
SQL
