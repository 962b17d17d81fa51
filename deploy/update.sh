#!/bin/sh
# Brings the release in the folder given into service: put beside the old one, a backup, the switch, a look whether it is ready; if it is
# not, back to the old one. A release that changes the database gets its backup while the store stands still, so that going back loses
# nothing that was taken before. PREFIX and SYSTEMCTL: see layout.sh.
set -u
here=$(dirname "$(readlink -f "$0")")
. "$here/layout.sh"
seconds=${READY_SECONDS:-60}
require_root
[ $# -eq 1 ] || fail 'name the folder of the new release'
[ -e "$home/current" ] || fail 'no release is installed: use install.sh'
has_systemd || fail 'systemd does not run here'

old=$(current)
put_release "$(readlink -f "$1")"
new=$release
[ "$new" != "$old" ] || fail "release $version runs already"
backup=$backups/before-$version-$(date -u +%Y%m%dT%H%M%SZ)
mkdir -p "$backups"

if [ "$(migrations_of "$new")" = "$(migrations_of "$old")" ]; then
  manage_with "$old" backup "$backup" || fail 'the backup failed: nothing was changed'
else
  say 'this release changes the database: the store stands still during the backup'
  service stop "$unit"
  manage_with "$old" backup "$backup" || {
    service start "$unit"
    fail 'the backup failed: the old release runs again, nothing was changed'
  }
fi

switch_to "$new"
service restart "$unit"
if manage_with "$new" ready --wait "$seconds"; then
  say "release $version runs; the backup from before it: $backup"
  cmp -s "$new/deploy/$unit" "$units/$unit" || say "its unit file is new: run $new/deploy/install.sh to take it over"
  exit 0
fi

say "release $version is not ready after $seconds s: going back to $(version_of "$old")"
service stop "$unit"
switch_to "$old"
if ! manage_with "$old" migrate; then
  say 'the old release does not know this database any more: restoring the backup'
  store=$(sed -n 's/^  "storeId": "\(.*\)",$/\1/p' "$backup/manifest.json")
  manage_with "$old" restore "$backup" --replace "$store" ||
    fail "THE STORE IS DOWN: the backup could not be restored; see above, then: niflr-edge-store restore $backup --replace $store"
fi
service start "$unit"
manage_with "$old" ready --wait "$seconds" || fail "THE STORE IS DOWN: the old release is not ready either: journalctl -u $unit"
fail "the update failed; release $(version_of "$old") runs again. Why: journalctl -u $unit"
