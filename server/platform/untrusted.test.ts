/** JSON that is too deep is known by its text, and never parsed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Invalid } from './errors.ts'
import { isDeepJson, readJson } from './untrusted.ts'

const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)

test('eight levels are JSON, nine are too deep, whatever they are made of', () => {
  for (const [text, isDeep] of [
    [nested(8), false],
    [nested(9), true],
    [`{"a":${nested(7)}}`, false],
    [`{"a":${nested(8)}}`, true],
    [`[${Array(20).fill('[]').join(',')}]`, false],
    [JSON.stringify('['.repeat(100)), false],
    ['["\\"[[[[[[[[[", "\\\\", [1]]', false],
    [`["\\\\",${nested(8)}]`, true],
    [`["\\\\\\"",${nested(8)}]`, true]
  ] as const)
    assert.equal(isDeepJson(text), isDeep, text)
})

test('a text of brackets alone is refused before anybody parses it', () => {
  assert.throws(
    () => readJson('['.repeat(200_000), 'payload'),
    (error) => error instanceof Invalid && /levels deep/.test(error.message)
  )
})

test('the text says what the value says', () => {
  const depthOf = (value: unknown): number =>
    typeof value !== 'object' || value === null ? 0 : 1 + Math.max(0, ...Object.values(value).map(depthOf))
  const strings = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom('"', '\\', '[', ']', '{', '}', 'a')).map((parts) => parts.join(''))
  )
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 14, depthSize: 'max' },
      strings,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(strings, tie('value'), { maxKeys: 3 })
    )
  }))
  fc.assert(
    fc.property(value, fc.boolean(), (one, isSpaced) => {
      assert.equal(isDeepJson(JSON.stringify(one, null, isSpaced ? 2 : 0)), depthOf(one) > 8)
    }),
    { numRuns: 2000 }
  )
})
