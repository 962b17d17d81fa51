/** Turns: their order, and what an error means to those who wait. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Turns } from './turns.ts'

test('work of one key runs one after the other in its order, that of another key beside it, and nothing is kept', async () => {
  const turns = new Turns()
  const seen: string[] = []
  const work = (name: string) => async () => {
    seen.push(`${name} begins`)
    await setImmediate()
    seen.push(`${name} ends`)
    return name
  }
  const all = [turns.take('a', work('a1')), turns.take('a', work('a2')), turns.take('b', work('b1')), turns.take('a', work('a3'))]
  assert.deepEqual(await Promise.all(all), ['a1', 'a2', 'b1', 'a3'])
  const ofA = seen.filter((one) => one.startsWith('a'))
  assert.deepEqual(ofA, ['a1 begins', 'a1 ends', 'a2 begins', 'a2 ends', 'a3 begins', 'a3 ends'])
  assert.ok(seen.indexOf('b1 begins') < seen.indexOf('a1 ends'))
  assert.equal(turns.size, 0)
})

test('what fails is told to who asked, and the next has its turn', async () => {
  const turns = new Turns()
  const failing = turns.take('a', () => Promise.reject(new Error('no')))
  const next = turns.take('a', async () => 'yes')
  await assert.rejects(failing, /no/)
  assert.equal(await next, 'yes')
  assert.equal(turns.size, 0)
})

test('an error that is for all ends everybody’s waiting at once; who comes afterwards tries again', async () => {
  const turns = new Turns((error) => /away/.test(String(error)))
  let tries = 0
  const work = async () => {
    tries += 1
    await setImmediate()
    if (tries === 1) throw new Error('the database is away')
    return tries
  }
  const answers = await Promise.allSettled([turns.take('a', work), turns.take('a', work), turns.take('a', work)])
  assert.deepEqual(
    answers.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected']
  )
  assert.equal(tries, 1)
  assert.equal(await turns.take('a', work), 2)
})
