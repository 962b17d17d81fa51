/** `npm run coverage`: how much of each rule its tests walk through, by branches; fails where it is less than 90 %. */

import { relative } from 'node:path'
import { run } from 'node:test'
import { RULES } from './rules.ts'

const ENOUGH = 90
const rules = Object.values(RULES)
const tests = run({
  files: [...new Set(rules.flatMap((rule) => rule.tests))],
  isolation: 'none',
  coverage: true,
  coverageIncludeGlobs: rules.map((rule) => rule.file)
})
const say = (line: string) => void process.stdout.write(`${line}\n`)
const percent = (value: number) => `${value.toFixed(1)} %`.padStart(9)
tests.on('test:fail', ({ name, details }) => {
  say(`failed: ${name}: ${details.error.message}`)
  process.exitCode = 1
})
tests.on('test:coverage', ({ summary }) => {
  say(`${'rule'.padEnd(40)} branches    lines  lines not reached`)
  for (const { path, coveredBranchPercent, coveredLinePercent, lines } of summary.files) {
    const missed = lines.filter(({ count }) => count === 0).map(({ line }) => line)
    say(`${relative('', path).padEnd(40)}${percent(coveredBranchPercent)}${percent(coveredLinePercent)}  ${missed.join(' ')}`)
    if (coveredBranchPercent < ENOUGH) process.exitCode = 1
  }
  if (summary.files.length < rules.length) {
    say(`only ${summary.files.length} of ${rules.length} rules were measured`)
    process.exitCode = 1
  }
})
tests.resume()
