/** What is sure by itself and stands beside what cannot be made out: how sure is it then? */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Told, tempered } from './tempering.ts'

const [anna, ben, both] = [
  [1, 0.004, 0],
  [0.004, 1, 0],
  [1, 1, 0]
]
const at = (seconds: number, confidence: number, reach: number[]): Told => ({ atMs: seconds * 1000, confidence, reach })

test('beside what fits no story, what the same people did is less sure; the nearer in time the less', () => {
  const [far, near, , after] = tempered([at(0, 0.999, anna!), at(13, 0.999, both!), at(19, 0, anna!), at(21, 0.999, anna!)])
  assert(after! < near! && near! < far! && far! < 0.999, `${after} ${near} ${far}`)
  assert(after! < 0.9 && far! > 0.98)
})

test('what others did, and what was long ago, takes nothing from it', () => {
  const alone = tempered([at(0, 0.99, anna!)])
  assert.deepEqual(tempered([at(0, 0.99, anna!), at(1, 0, ben!)])[0], alone[0])
  assert.deepEqual(tempered([at(0, 0.99, anna!), at(20, 0, anna!)])[0], alone[0])
  assert.equal(alone[0], 0.99)
})

test('one who is alone in the store is taken for nobody else', () => {
  const told = [at(0, 1, [1, 0, 0]), at(1, 0, [1, 0, 0]), at(2, 0.9999, [1, 0, 0])]
  assert.deepEqual(
    tempered(told),
    told.map(({ confidence }) => confidence)
  )
})

test('nothing becomes surer than it was, and with others about nothing is beyond doubt', () => {
  const told = Array.from({ length: 60 }, (_, n) => at(n * 1.7, ((n * 37) % 101) / 100, [anna, ben, both][n % 3]!))
  for (const [n, confidence] of tempered(told).entries()) {
    assert(confidence <= told[n]!.confidence && confidence >= 0 && confidence < 0.998)
  }
})

test('what is surer by itself stays surer, and what looks half sure is said to be less', () => {
  const alike = (confidence: number) => tempered([at(0, confidence, both!)])[0]!
  let before = -1
  for (let said = 0; said <= 1; said += 0.001) {
    const told = alike(said)
    assert(told >= before, `${said}: ${told} after ${before}`)
    before = told
  }
  assert.equal(alike(0), 0)
  assert(alike(0.67) < 0.5 && alike(0.86) < 0.7 && alike(0.95) < 0.9)
  assert.equal(alike(0.99), 0.99)
})
