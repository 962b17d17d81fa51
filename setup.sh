#!/bin/sh
# Makes the packages of package-lock.json present, its own Node.js 24 among them; every npm script calls it first. When they are, it
# costs a few milliseconds. Speaks on standard error only: what a command prints stays its own. POSIX sh; no set -e: each step says
# what went wrong. Started by npm, it must not hand npm's own environment on to the npm it runs.

case $0 in */*) cd "${0%/*}" || exit 1 ;; esac
stamp=node_modules/.niflr-setup
wanted="$(cksum <package-lock.json) $(uname -sm)" # the packages differ by lock file and by machine

is_done() {
  [ -f "$stamp" ] || return 1
  read -r found <"$stamp"
  [ "$found" = "$wanted" ]
}
# the entry that is written last
is_packed() { grep -q /packed/ node_modules/kysely/dist/migration/index.js || [ ! -w node_modules/kysely ]; }
is_done && is_packed && exit 0

exec 1>&2
say() { echo "setup: $*"; }
# Without it all works the same, slower and in more memory.
pack() {
  packer=node_modules/.bin/node
  [ -x "$packer" ] || packer=node
  "$packer" pack-libraries.mjs || say 'the libraries stay in their thousand files: a start takes longer'
}
fail() {
  say "$*"
  exit 1
}

# One at a time. The lock is on this very file: nothing to create, nothing left behind; the kernel releases it with its last holder.
if command -v flock >/dev/null; then
  exec 9<setup.sh
  flock -n 9 || { say 'another set-up is running here; waiting for it' && flock 9; }
else
  lock=.setup-lock
  until mkdir "$lock" 2>/dev/null; do
    [ -d "$lock" ] || fail "may not write to $PWD: run it as the owner of that folder"
    holder=$(cat "$lock/pid" 2>/dev/null)
    if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then rm -rf "$lock"; else sleep 1; fi
  done
  echo $$ >"$lock/pid"
fi
trap 'kill "$reporter" 2>/dev/null; rm -f "$output"; [ -z "$lock" ] || rm -rf "$lock"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
is_done && { is_packed || pack; } && exit 0

# The npm we run must find its own Node.js: ours, first in PATH, is about to be replaced.
search=
rest=$PATH:
while [ -n "$rest" ]; do
  case ${rest%%:*} in */node_modules/.bin) ;; *) search=$search${search:+:}${rest%%:*} ;; esac
  rest=${rest#*:}
done
PATH=$search command -v npm >/dev/null || fail 'npm is missing: install Node.js 20 or newer with npm, then run it again'

# Of npm_config_… only what leads to the registry: the outer command's prefix, omit, json, dry-run … are not meant for this one.
for name in $(env | sed -n 's/^\([Nn][Pp][Mm]_[A-Za-z0-9_]*\)=.*/\1/p'); do
  case $name in
    *_registry | *_REGISTRY | *proxy | *PROXY | *_cache | *_CACHE | *config_userconfig | *CONFIG_USERCONFIG | *CONFIG_GLOBALCONFIG | *_ca | *_cafile | *_CAFILE | *_strict_ssl | *_STRICT_SSL | *_fetch_* | *_FETCH_* | *_offline | *_OFFLINE) ;;
    *) unset "$name" ;;
  esac
done
unset NODE_ENV NODE INIT_CWD

say "installing the packages ($(uname -sm)); the first time takes a minute"
rm -f "$stamp"
output=$(mktemp) || fail 'there is no space for temporary files'
count() { ls -d node_modules/*/package.json node_modules/@*/*/package.json 2>/dev/null | wc -l; }
(
  trap - EXIT INT TERM HUP
  while sleep 3 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do say "$(count) packages so far"; done
) 9<&- &
reporter=$!

for attempt in 1 2; do
  PATH=$search npm ci --ignore-scripts --include=dev --include=optional --no-audit --no-fund --no-progress --no-update-notifier \
    --engine-strict=false --package-lock=true --loglevel=warn </dev/null >"$output" 2>&1
  status=$?
  grep -q 'Exit handler never called' "$output" || break # npm's way to stumble over a bad network (npm/cli#9728)
done
kill "$reporter" 2>/dev/null
wait "$reporter" 2>/dev/null
grep -v -e EBADENGINE -e '^npm warn Unknown ' -e '^ *$' "$output" # packages that ask for Node.js 24 get it, whatever npm itself runs on

if [ $status -ne 0 ]; then
  registry=$(PATH=$search npm config get registry 2>/dev/null)
  if grep -q -E 'ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTCACHED|ERR_SOCKET|Exit handler never called' "$output"; then
    fail "could not reach the npm registry ($registry): this machine needs the network once, for this step; then run it again"
  fi
  grep -q ENOSPC "$output" && fail "the disk of $PWD is full: free about 500 MB, then run it again"
  grep -q -E 'EACCES|EPERM|EROFS' "$output" && fail "may not write to $PWD or to npm's cache: run it as their owner"
  fail "npm ci ended with status $status: see above"
fi
# npm can end early and call that success; the list of what it has put there is the last thing it writes
[ -f node_modules/.package-lock.json ] || fail 'npm ended before everything was there: run it again'

runs() { [ -x "$1" ] && "$1" --version >/dev/null 2>&1; }
node=node_modules/.bin/node
for candidate in node_modules/node-linux-*/bin/node; do # npm 10 removes this link along with the package for the other processor
  runs "$node" || { runs "$candidate" && ln -sf "../${candidate#node_modules/}" "$node"; }
done
if ! runs "$node"; then
  own=$(PATH=$search node --version 2>/dev/null)
  major=${own#v}
  [ "${major%%.*}" -ge 24 ] 2>/dev/null ||
    fail "there is no Node.js 24 package that runs on this machine ($(uname -sm)), and its own is ${own:-missing}: install Node.js 24 or newer, then run it again"
  rm -f "$node" # one that does not run must not hide the system's
fi

pack
say "$(count) packages are there"
sync -f node_modules 2>/dev/null || sync # a stamp must not outlive a power cut that the packages do not
echo "$wanted" >"$stamp.new" && mv "$stamp.new" "$stamp" # last: whatever interrupts this, the next run starts over
