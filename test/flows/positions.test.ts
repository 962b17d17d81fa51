/** People trackers: onboarded, heard over HTTP and MQTT, refused when wrong; and what they say decides who took it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { handlePositions } from '#server/ingest/positions.ts'
import { positionsOf } from '#simulator/devices/positions.ts'
import { mqttDevice } from '#test/support/devices.ts'
import { assertProblem, sender } from '#test/support/http.ts'
import { openShelfStore } from '#test/support/shelf-store.ts'
import { openTestStore } from '#test/support/store.ts'
import { later, visitor } from '#test/support/visiting.ts'

const RIGHT = { at: '2026-03-01T08:00:00.000Z', people: [{ trackId: '7', x: 1.5, y: -0.4 }] }

test('positions are kept once they are acknowledged, over HTTP and MQTT; wrong ones change nothing and name the field', async () => {
  await using store = await openTestStore({ mqtt: true })
  const { id, deviceKey } = (await store.admin.send('POST', '/api/v1/trackers', { name: 'ceiling' })).body
  const post = (body: unknown) =>
    sender(store.app, { authorization: `Bearer ${deviceKey}` })('POST', '/api/trackers/positions', body)
  const kept = async () => (await store.ctx.pool.query('SELECT people FROM sighting ORDER BY id')).rows.map((row) => row.people)
  assert.deepEqual((await post(RIGHT)).body, { status: 'success' })
  await using device = await mqttDevice(store, { machineId: id, deviceKey }, { kind: 'tracker' })
  await device.say('positions', { people: [] })
  assert.deepEqual(await kept(), [RIGHT.people, []])
  const table: [string, unknown, string][] = [
    ['no list', {}, 'people'],
    ['no metres', { people: [{ trackId: '7', x: '1', y: 0 }] }, 'people/0/x'],
    ['too far', { people: [{ trackId: '7', x: 1, y: 1e9 }] }, 'people/0/y'],
    ['no name', { people: [{ trackId: '', x: 1, y: 1 }] }, 'people/0/trackId'],
    ['a name no database can hold', { people: [{ trackId: '\ud800', x: 1, y: 1 }] }, 'surrogate'],
    ['no time', { at: 5, people: [] }, 'at'],
    ['too many', { people: Array.from({ length: 201 }, () => RIGHT.people[0]) }, 'people']
  ]
  for (const [what, body, field] of table) {
    const answer = await post(body)
    assertProblem(answer, 422, answer.body.code)
    assert(answer.text.includes(field), `${what}: ${answer.text}`)
    await device.say('positions', body) // acknowledged and dropped
  }
  assert.equal((await kept()).length, 2)
  assert.equal((await store.admin.send('DELETE', `/api/v1/trackers/${id}`)).status, 204)
  assert.equal((await post(RIGHT)).status, 401)
})

test('of two inside, the one who stood there has taken it; the floor plan is put by staff', async () => {
  await using store = await openShelfStore()
  const { send } = await store.staff('operations')
  const spots = [{ scaleId: '103', x: 2, y: 0 }]
  assert.deepEqual((await send('PUT', '/api/v1/machines/m1/place', { spots })).body, { spots })
  assert.equal((await send('PUT', '/api/v1/machines/m1/place', { spots: [...spots, ...spots] })).status, 422)
  assert.equal((await send('PUT', `/api/v1/scanners/${store.entry.id}/place`, { x: 0, y: 0 })).status, 200)
  const { id } = (await send('POST', '/api/v1/trackers', { name: 'ceiling' })).body
  const people: { trackId: string; x: number; y: number }[] = []
  const see = async () => {
    const nowMs = store.clock.now().getTime()
    await handlePositions(store.ctx, { deviceId: id, body: positionsOf(people, nowMs), receivedMs: nowMs, isDuplicate: false })
  }
  const first = await visitor(store)
  people.push({ trackId: 'a', x: 0, y: 0 })
  await see()
  await store.seconds(4)
  await visitor(store)
  people.push({ trackId: 'b', x: 0, y: 0 })
  await see()
  Object.assign(people[0]!, { x: 6 })
  Object.assign(people[1]!, { x: 2.1 })
  for (let n = 0; n < 5; n++) {
    await store.seconds(1)
    await see()
  }
  await store.hand('m1', { 103: -519 })
  await see()
  await later(store, 1000)
  const [movement] = (await send('GET', '/api/v1/movements')).body.items
  assert.notEqual(movement.visitId, first.visitId)
  assert(movement.shares[movement.visitId] > 0.9, JSON.stringify(movement.shares))
})
