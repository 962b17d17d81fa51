#!/bin/sh
# Installs the release this script lies in (or the one in the folder given) as a service of this machine. Done again, it changes nothing
# that is right already: settings and data are never touched. PREFIX and SYSTEMCTL: see layout.sh.
set -u
here=$(dirname "$(readlink -f "$0")")
. "$here/layout.sh"
source=$(readlink -f "${1:-$here/..}")
require_root
for tool in tar readlink runuser; do command -v "$tool" >/dev/null || fail "$tool is missing"; done

if is_real && ! id "$user" >/dev/null 2>&1; then
  say "making the user $user, who may not sign in"
  useradd --system --user-group --home-dir "$state" --no-create-home --shell /usr/sbin/nologin "$user" || fail "the user $user could not be made"
fi

put_release "$source"
if [ -e "$home/current" ] && [ "$(current)" != "$release" ]; then
  fail "$(version_of "$(current)") is installed: use $release/deploy/update.sh, which takes a backup first"
fi
switch_to "$release"

mkdir -p "$state" "$backups" "$(dirname "$settings")" "$units" "$PREFIX/usr/local/bin"
chmod 0700 "$state" "$backups"
if is_real; then chown "$user:$user" "$state" "$backups"; fi
if [ ! -e "$settings" ]; then
  say "writing the settings to $settings"
  (umask 027 && cat >"$settings") <<'SETTINGS'
# The store's settings, one NAME=value a line; the README lists them all. Afterwards: systemctl restart niflr-edge-store
#HOST=0.0.0.0
#PORT=8000
#MQTT_HOST=0.0.0.0
#TLS_CERT_FILE=/etc/niflr-edge-store/cert.pem
#TLS_KEY_FILE=/etc/niflr-edge-store/key.pem
#STORE_NAME=My store
#TIME_ZONE=Asia/Kolkata
# Encrypts backups. Keep it in a second place: without it they cannot be read.
#BACKUP_PASSPHRASE=
SETTINGS
  if is_real; then chown "root:$user" "$settings"; fi
fi
ln -sfn "$home/current/deploy/manage.sh" "$PREFIX/usr/local/bin/niflr-edge-store"

for file in "$unit" niflr-edge-store-backup.service niflr-edge-store-backup.timer; do
  cmp -s "$release/deploy/$file" "$units/$file" || cp "$release/deploy/$file" "$units/$file" || fail "$units/$file cannot be written"
done
service daemon-reload
service enable --now "$unit" niflr-edge-store-backup.timer || fail "the service does not start: journalctl -u $unit"
if has_systemd; then
  manage_with "$release" ready --wait "${READY_SECONDS:-60}" || fail "it is not ready: journalctl -u $unit"
  say "release $version runs; the first admin's password: journalctl -u $unit | grep 'first start'"
else
  say "release $version lies in $release"
fi
