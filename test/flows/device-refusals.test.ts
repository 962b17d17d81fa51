/** What a device was refused is told on its own page, to whoever mounts it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newHttpMachine } from '#test/support/devices.ts'
import { assertProblem, handClock } from '#test/support/http.ts'
import { openTestStore } from '#test/support/store.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

test('what was refused is told on its machine, newest first; the same again counts', async () => {
  const clock = handClock()
  await using store = await openTestStore({ clock })
  const [fresh, other] = [await newHttpMachine(store), await newHttpMachine(store)]
  const path = `/api/v1/machines/${fresh.machineId}/refusals`
  assert.deepEqual((await store.admin.send('GET', path)).body.items, [])
  for (let n = 0; n < 3; n++) await fresh.post({ machineId: fresh.machineId, scales: [['001', '0', '0', 'heavy']] })
  clock.forward(1000)
  await fresh.post({ machineId: other.machineId, scales: [['001', '0', '0', '1']] })
  await fresh.post('{', JSON_TYPE)
  const { items } = (await store.admin.send('GET', path)).body
  assert.deepEqual(
    items.map(({ over, reason, count }: any) => [over, reason, count]),
    [
      ['HTTP', 'malformed', 1],
      ['HTTP', 'wrong-device', 1],
      ['HTTP', 'malformed', 3]
    ]
  )
  assert.match(items[2].detail, /scales\/0\/currentWeight/)
  for (let n = 0; n < 30; n++) await fresh.post({ machineId: fresh.machineId, scales: n })
  assert.equal((await store.admin.send('GET', path)).body.items.length <= 20, true)
  assertProblem(await store.admin.send('GET', '/api/v1/machines/nobody/refusals'), 404, 'not-found')
})
