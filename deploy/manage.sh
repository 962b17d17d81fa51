#!/bin/sh
# The command line of an installed store: as its user, with its settings. `niflr-edge-store backup DIR`, `niflr-edge-store help`, …
here=$(dirname "$(readlink -f "$0")")
. "$here/layout.sh"
release=$(dirname "$here")
set -- "$release/node_modules/.bin/node" "--env-file-if-exists=$settings" "$release/manage.ts" "$@"
export DATA_DIR="${DATA_DIR:-$state}"
is_real && [ "$(id -u)" -eq 0 ] && exec runuser -u "$user" -- "$@"
exec "$@"
