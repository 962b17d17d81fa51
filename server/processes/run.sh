#!/bin/sh
# Runs a server process as a small box wants it: `sh server/processes/run.sh store`. Measured in docs/performance.md: what the TypeScript
# compiled to is kept between starts, freed memory goes back to the system, and young objects get 4 MiB, not 16.
folder=$(dirname "$0")
PATH="$folder/../../node_modules/.bin:$PATH"
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$folder/../../node_modules/.cache/niflr}"
export MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=262144 MALLOC_TRIM_THRESHOLD_=131072
process=$1
shift
set -- --expose-gc --max-semi-space-size=4 --initial-old-space-size=32 --heap-growing-percent=25 "$folder/$process.ts" "$@"
# What strips the types is 8 MB that a process would hold for good: after a change another one compiles, and ends. The same flags: they are
# part of the cache's key.
compiled=$NODE_COMPILE_CACHE/$process.compiled
if [ ! -e "$compiled" ] || [ -n "$(find "$folder/.." "$folder/../../contracts" -name '*.ts' -newer "$compiled" -print -quit)" ]; then
  mkdir -p "$NODE_COMPILE_CACHE" 2>/dev/null && [ -w "$NODE_COMPILE_CACHE" ] && node "$@" --compile && : >"$compiled"
fi
exec node "$@"
