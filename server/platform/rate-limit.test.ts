/** A bucket for each key, and one for all together. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RateLimit } from './rate-limit.ts'

const taken = (limit: RateLimit, keys: string[], monoMs: number) => keys.filter((key) => limit.take(key, monoMs)).length
const times = (count: number, key: string) => Array<string>(count).fill(key)

test('a key has its rate, twice that at once, and takes nothing from the others', () => {
  const limit = new RateLimit(10)
  assert.equal(taken(limit, times(50, 'a'), 0), 20)
  assert.equal(taken(limit, times(50, 'b'), 0), 20)
  assert.equal(taken(limit, times(50, 'a'), 500), 5)
})

test('all together have a rate too, however many keys they use', () => {
  const limit = new RateLimit(10, { inAll: 25 })
  const many = Array.from({ length: 200 }, (_, n) => `key ${n}`)
  assert.equal(taken(limit, many, 0), 50)
  assert.equal(taken(limit, many, 1000), 25)
})
