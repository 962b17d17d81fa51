#!/bin/sh
# Runs the everyday tests, or the files given; options go to node's test runner. The suites that break things on purpose
# (test/faults, test/hostile) are `npm run test:faults`, the long ways through the panel (test/journeys) `npm run test:journeys`.
for argument in "$@"; do
  case $argument in -*) ;; *) given=yes ;; esac
done
[ "$given" ] || set -- "$@" 'contracts/**/*.test.ts' 'server/**/*.test.ts' 'simulator/**/*.test.ts' 'web/src/**/*.test.ts' 'bench/**/*.test.ts' 'test/*.test.ts' 'test/flows/*.test.ts'
# a hundred processes each load the same files: what those compile to is kept
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$PWD/node_modules/.cache/niflr-test}"
exec node --test --test-concurrency=2 --test-global-setup=test/support/global-setup.ts "$@"
