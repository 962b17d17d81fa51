/** A commit whose answer was lost, and that becomes visible only after memory was read again: the message counts once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newHttpMachine, rowsOf, told } from '#test/support/devices.ts'
import { openTestStore } from '#test/support/store.ts'

test('a message whose first commit shows only when it is sent again is refused for a moment, and counts once', async () => {
  await using store = await openTestStore()
  const machine = await newHttpMachine(store)
  const message = (seq: number, grams: number) => ({
    machineId: machine.machineId,
    scales: rowsOf({ '001': grams }),
    bootId: 'b',
    seq
  })
  for (const body of [message(1, 5000), message(2, 4700), message(3, 4700)]) assert.equal((await machine.post(body)).status, 200)
  // what a backend does that goes on after its client has given it up
  await store.ctx.pool.query(
    `INSERT INTO weight_change (id, machine_id, scale_id, status, grams, weight_before, weight_after, occurred_at, occurred_from, received_at, source, settled, boot_epoch, seq)
     SELECT gen_random_uuid(), machine_id, scale_id, status, 400, 4700, 4300, now(), now(), now(), source, false, boot_epoch, 4 FROM weight_change`
  )
  await store.ctx.pool.query('UPDATE machine SET last_seq = 4')
  const answers = [await machine.post(message(4, 4300)), await machine.post(message(4, 4300))]
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [503, 200]
  )
  assert.deepEqual(await told(store, machine.machineId), ['001 -300', '001 -400'])
})
