#!/bin/sh
# Builds the web app into web/dist unless what it is made of has not changed since; then it costs a few milliseconds. A store whose panel
# cannot be built still starts: the reason is said, and the API works. `--must` makes that a failure. POSIX sh, speaks on standard error.
cd "${0%/*}/.." || exit 1
PATH="$PWD/node_modules/.bin:$PATH"
exec 1>&2
stamp=web/dist/.built-from
wanted=$(find web contracts package-lock.json -type f ! -path 'web/dist*' ! -name '*.test.ts' -exec cksum {} + | sort -k3 | cksum)

is_built() { [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; }
is_built && exit 0
if command -v flock >/dev/null; then
  exec 9<web/build.sh
  flock 9 # one at a time; who waited finds it built
  is_built && exit 0
fi

[ "$1" = --must ] && must=1 || must=0
new=web/dist.$$
output=$(mktemp) || exit $must
trap 'rm -rf "$new" "$output"' EXIT
trap 'exit 130' INT TERM HUP
echo 'web: building the panel'
if vite build web --outDir "dist.$$" --logLevel warn >"$output" 2>&1 && node web/compress.ts "$new" >>"$output" 2>&1; then
  cat "$output"
  echo "$wanted" >"$new/.built-from"
  rm -rf web/dist && mv "$new" web/dist && exit 0
fi
tail -n 20 "$output"
echo 'web: the panel could not be built (see above); the store works without it'
exit $must
