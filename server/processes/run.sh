#!/bin/sh
# Runs a server process as a small box wants it: `sh server/processes/run.sh store`. Measured in docs/performance.md: what the TypeScript
# compiled to is kept between starts, freed memory goes back to the system, and young objects get 2 MiB, not 16.
folder=$(dirname "$0")
PATH="$folder/../../node_modules/.bin:$PATH"
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$folder/../../node_modules/.cache/niflr}"
export MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=262144 MALLOC_TRIM_THRESHOLD_=131072
process=$1
shift
exec node --max-semi-space-size=2 --initial-old-space-size=32 --heap-growing-percent=25 "$folder/$process.ts" "$@"
