# Where everything of an installed store lies, and what install.sh and update.sh both do. Sourced, POSIX sh.
# PREFIX puts all of it below another folder (images, tests: nobody's user is made, nothing is given away); SYSTEMCTL stands in for systemctl.

PREFIX=${PREFIX:-}
home=$PREFIX/opt/niflr-edge-store
state=$PREFIX/var/lib/niflr-edge-store
backups=$PREFIX/var/backups/niflr-edge-store
settings=$PREFIX/etc/niflr-edge-store/environment
units=$PREFIX/etc/systemd/system
unit=niflr-edge-store.service
user=niflr

say() { echo "${0##*/}: $*"; }
fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}

is_real() { [ -z "$PREFIX" ]; }
has_systemd() { [ -n "${SYSTEMCTL:-}" ] || { is_real && [ -d /run/systemd/system ]; }; }
service() {
  if has_systemd; then ${SYSTEMCTL:-systemctl} "$@"; else say "systemd does not run here; there it would be: systemctl $*"; fi
}
require_root() { if is_real && [ "$(id -u)" -ne 0 ]; then fail 'run it as root'; fi; }

version_of() { sed -n 's/^  "version": "\([A-Za-z0-9.+-]*\)".*/\1/p' "$1/package.json" 2>/dev/null; }
migrations_of() { (cd "$1/server/db/migrations" && ls -- *.sql); }
current() { readlink -f "$home/current"; }

# Copies the release in $1 to releases/VERSION and makes it ready to run; $release is where it is then. Beside first, renamed when whole.
put_release() {
  version=$(version_of "$1")
  [ -n "$version" ] && [ -f "$1/setup.sh" ] && [ -f "$1/manage.ts" ] || fail "$1 is no release of niflr-edge-store"
  release=$home/releases/$version
  if [ -d "$release" ]; then
    say "release $version is there already: $release"
    return
  fi
  say "copying release $version to $release"
  mkdir -p "$home/releases"
  rm -rf "$release.new"
  mkdir "$release.new"
  (cd "$1" && tar cf - --exclude=./.git --exclude=./data --exclude='./*-demo' --exclude=./.env .) | tar xf - -C "$release.new" --no-same-owner ||
    fail "copying failed: is there space in $home?"
  sh "$release.new/setup.sh" || fail 'the packages could not be installed: see above'
  sh "$release.new/web/build.sh" # the service itself may not write here
  # PostgreSQL's library links belong into the package; the service itself may not write there.
  (cd "$release.new" && node_modules/.bin/node -e \
    'import("./server/platform/embedded-postgres/binaries.ts").then(({ findBinaries }) => findBinaries(null, () => {}))') ||
    say 'the embedded PostgreSQL does not run from here; it will be copied at the first start, or set DATABASE_URL'
  chmod -R go+rX,go-w "$release.new"
  mv "$release.new" "$release"
}

# Makes the release in $1 the one that runs from the next start on. One rename: at no moment is there none.
switch_to() {
  ln -sfn "$1" "$home/current.new" && mv -fT "$home/current.new" "$home/current"
}

# A release's own command line, as the store's user and with the store's settings.
manage_with() {
  tool=$1/deploy/manage.sh
  shift
  PREFIX=$PREFIX sh "$tool" "$@"
}
