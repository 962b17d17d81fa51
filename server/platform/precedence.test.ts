/** Who goes first, and for how long. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Precedence } from './precedence.ts'

/** Resolves with whether `promise` is settled once everything that can run now has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const later = new Promise((resolve) => setImmediate(resolve, 'later'))
  return (await Promise.race([promise.then(() => 'settled'), later])) === 'settled'
}

test('nobody waits while nobody passes', async () => {
  const precedence = new Precedence()
  assert(await isSettled(precedence.giveWay()))
  assert.equal(await precedence.pass(async () => 7), 7)
  assert(await isSettled(precedence.giveWay()))
})

test('work waits until the last of those who pass is through, also when one of them fails', async () => {
  const precedence = new Precedence()
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const passes = [precedence.pass(() => first.promise), precedence.pass(() => second.promise)]
  const waiting = precedence.giveWay()
  first.resolve()
  await passes[0]
  assert(!(await isSettled(waiting)))
  second.reject(new Error('the code is used up'))
  await assert.rejects(passes[1]!, /used up/)
  assert(await isSettled(waiting))
})

test('those who never end hold nothing up for good', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const precedence = new Precedence()
  void precedence.pass(() => new Promise(() => {}))
  const waiting = precedence.giveWay()
  t.mock.timers.tick(249)
  assert(!(await isSettled(waiting)))
  t.mock.timers.tick(1)
  assert(await isSettled(waiting))
})
