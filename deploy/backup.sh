#!/bin/sh
# A dated backup, and the end of those older than KEEP_DAYS (14); the last one never goes. The timer calls it every night.
set -u
here=$(dirname "$(readlink -f "$0")")
. "$here/layout.sh"
folder=${1:-$backups}
sh "$here/manage.sh" backup "$folder/nightly-$(date -u +%Y%m%dT%H%M%SZ)" || fail 'the backup failed: the old ones stay'
find "$folder" -mindepth 1 -maxdepth 1 -type d -name 'nightly-*' -mtime "+${KEEP_DAYS:-14}" -exec rm -rf {} +
