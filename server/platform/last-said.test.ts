/** Only the very same text of the same speaker means what it meant before. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LastSaid } from './last-said.ts'

test('what was said last is known again, what was said before it is not', () => {
  const said = new LastSaid<number>()
  assert.equal(said.meaningOf('a', 'one'), null)
  said.keep('a', 'one', 1)
  assert.equal(said.meaningOf('a', 'one'), 1)
  assert.equal(said.meaningOf('b', 'one'), null, 'another speaker')
  assert.equal(said.meaningOf('a', 'one '), null, 'another text')
  said.keep('a', 'two', 2)
  assert.equal(said.meaningOf('a', 'two'), 2)
  assert.equal(said.meaningOf('a', 'one'), null)
})

test('a long text is not kept, and what was said before it is not taken for it', () => {
  const said = new LastSaid<number>()
  const long = 'x'.repeat(5000)
  said.keep('a', 'short', 1)
  said.keep('a', long, 2)
  assert.equal(said.meaningOf('a', long), null)
  assert.equal(said.meaningOf('a', 'short'), 1)
})
