#!/bin/sh
# Runs the everyday tests, or the files given; options go to node's test runner. The suites that break things on purpose
# (test/faults, test/hostile) are `npm run test:faults`, the long ways through the panel (test/journeys) `npm run test:journeys`.
for argument in "$@"; do
  case $argument in -*) ;; *) given=yes ;; esac
done
# what each process compiles the same files to is kept
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$PWD/node_modules/.cache/niflr-test}"
[ "$given" ] || { groups=$(node test/support/groups.ts test/.groups) && set -- "$@" $groups; } || exit 1
exec node --test --test-concurrency=2 --test-global-setup=test/support/global-setup.ts "$@"
