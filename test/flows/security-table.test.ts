/** docs/security.md and docs/trust.md name a test for each promise: each of them exists, and each place is there. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const rows = readFileSync('docs/security.md', 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| promise'))
  .map((line) => line.split('|').map((cell) => cell.trim()))

test('every promise of the security table has its place and its test', () => {
  assert.ok(rows.length > 50, `${rows.length} rows`)
  for (const [, promise, where, shown] of rows) {
    const [, file, name] = /^`([^`]+)` · (.+)$/.exec(shown!) ?? []
    assert.ok(file && name, `${promise}: "${shown}" names no test`)
    assert.ok(existsSync(file), `${promise}: there is no ${file}`)
    const source = readFileSync(file, 'utf8')
    const isThere = source.split('\n').some((line) => /\btest\(/.test(line) && line.includes(name))
    assert.ok(isThere, `${promise}: ${file} has no test "${name}"`)
    for (const [, place] of where!.matchAll(/`([^`]+)`/g)) assert.ok(existsSync(place!), `${promise}: there is no ${place}`)
  }
})

test('every promise P1 to P15, and those about updates and video, are on the page with the file that shows it, and every file that breaks the store shows one', () => {
  const rows = readFileSync('docs/trust.md', 'utf8').matchAll(/^\| ([POV]\d+) \|[^|]+\|([^|]+)\|/gm)
  const shown = Array.from(rows, ([, number, files]) => ({
    number,
    files: Array.from(files!.matchAll(/`([^`]+)`/g), ([, file]) => file!)
  }))
  const numbers = [
    ...Array.from({ length: 15 }, (_, n) => `P${n + 1}`),
    'O1',
    ...Array.from({ length: 8 }, (_, n) => `V${n + 1}`)
  ]
  assert.deepEqual(
    shown.map(({ number }) => number),
    numbers
  )
  const named = new Set(shown.flatMap(({ files }) => files))
  for (const file of named) assert.ok(existsSync(file), `there is no ${file}`)
  const unnamed = globSync('test/{faults,hostile}/*.test.ts').filter((file) => !named.has(file))
  assert.deepEqual(unnamed, [])
})
