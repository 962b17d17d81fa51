#!/bin/sh
# Runs all tests, or the files given; options go to node's test runner.
for argument in "$@"; do
  case $argument in -*) ;; *) given=yes ;; esac
done
[ "$given" ] || set -- "$@" 'contracts/**/*.test.ts' 'server/**/*.test.ts' 'simulator/**/*.test.ts' 'bench/**/*.test.ts' 'test/**/*.test.ts'
exec node --test --test-concurrency=2 --test-global-setup=test/support/global-setup.ts "$@"
