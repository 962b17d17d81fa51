/** docs/security.md names a test for each promise: each of them exists, and each place is there. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
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
