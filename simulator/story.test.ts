/** Stories: the same seed tells the same one, the truth adds up, and every message keeps the contract. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importJWK, jwtVerify } from 'jose'
import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { Change } from '#contracts/device/change.ts'
import { Heartbeat, HeartbeatEnvelope, WireScaleId, WireWeightKg } from '#contracts/device/heartbeat.ts'
import { Samples } from '#contracts/device/samples.ts'
import { Scan } from '#contracts/device/scan.ts'
import { keyFromSeed } from './codes.ts'
import { loadsOf } from './machine.ts'
import { silence } from './reports.ts'
import { scenarios } from './scenarios/index.ts'
import { type Story, type StoryMessage, type StoryOptions, simulateStory } from './story.ts'

async function all(story: Story): Promise<StoryMessage[]> {
  const messages: StoryMessage[] = []
  for await (const message of story) messages.push(message)
  return messages
}

async function told(options: StoryOptions): Promise<{ story: Story; messages: StoryMessage[] }> {
  const story = simulateStory(options)
  return { story, messages: await all(story) }
}
const seconds = (a: string, b: string) => (Date.parse(b) - Date.parse(a)) / 1000
const plain = (heartbeat: StoryMessage & { kind: 'heartbeat' }): Heartbeat =>
  'payload' in heartbeat.body ? JSON.parse(heartbeat.body.payload) : heartbeat.body

test('one seed tells one story, another seed another', async () => {
  for (const { name } of scenarios) {
    const [a, b, c] = await Promise.all([1, 1, 2].map((seed) => told({ seed, scenario: name, seconds: 90 })))
    assert.deepEqual(a!.messages, b!.messages, name)
    assert.deepEqual(a!.story.truth.actions, b!.story.truth.actions)
    assert.deepEqual(a!.story.truth.visits, b!.story.truth.visits)
    assert.notDeepEqual(a!.story.truth.actions, c!.story.truth.actions)
  }
})

test('another start moves the story and changes nothing else', async () => {
  const [a, b] = await Promise.all(
    ['2026-03-01T10:00:00Z', '2027-07-07T07:07:07Z'].map((at) => told({ seed: 5, scenario: 'two-at-once', start: new Date(at) }))
  )
  assert.deepEqual(
    a!.story.truth.actions.map((x) => x.grams),
    b!.story.truth.actions.map((x) => x.grams)
  )
  assert.equal(a!.messages.length, b!.messages.length)
})

test('what the truth says was moved is what the scales carry more or less at the end', async () => {
  for (const { name } of scenarios) {
    const story = simulateStory({ seed: 3, scenario: name, seconds: 400 })
    const before = Object.fromEntries(story.stage.machines.map((m) => [m.spec.machineId, loadsOf(m)]))
    for await (const message of story) assert(message.at)
    const now = story.stage.ms
    for (const machine of story.stage.machines) {
      if (machine.shelf.scales.some((s) => s.motions.some((m) => m.untilMs > now))) continue
      for (const [scaleId, grams] of Object.entries(loadsOf(machine))) {
        const moved = story.truth.actions
          .filter((a) => a.machineId === machine.spec.machineId)
          .reduce((sum, a) => sum + (a.grams[scaleId] ?? 0), 0)
        assert(
          Math.abs(grams - before[machine.spec.machineId]![scaleId]! - moved) < 1,
          `${name} ${machine.spec.machineId} ${scaleId}`
        )
      }
    }
  }
})

test('the last heartbeat differs from the first by what the truth says, within noise, bend and creep', async () => {
  const { story, messages } = await told({ seed: 11, scenario: 'quiet-morning', shoppers: 4 })
  for (const { spec } of story.stage.machines) {
    const beats = messages
      .filter((m) => m.kind === 'heartbeat' && m.deviceId === spec.machineId)
      .map((m) => plain(m as StoryMessage & { kind: 'heartbeat' }))
    for (const [index, row] of beats.at(-1)!.scales.entries()) {
      const moved = story.truth.actions
        .filter((a) => a.machineId === spec.machineId)
        .reduce((sum, a) => sum + (a.grams[String(row[0])] ?? 0), 0)
      const seen = 1000 * (Number(row[3]) - Number(beats[0]!.scales[index]![3]))
      assert(Math.abs(seen - moved) < 30, `${spec.machineId} ${row[0]}: saw ${seen}, moved ${moved}`)
    }
  }
})

test('a machine that settles changes itself tells what the truth says, and its heartbeats agree', async () => {
  const { story, messages } = await told({ seed: 8, scenario: 'busy-hour', shoppers: 30, seconds: 900 })
  const changes = messages.filter((m) => m.kind === 'change')
  assert(changes.length > 5)
  for (const { scaleId } of story.stage.machines.find((m) => m.spec.machineId === 'pantry-shelf')!.shelf.scales) {
    const isOurs = (a: { machineId: string }) => a.machineId === 'pantry-shelf'
    const moved = story.truth.actions.filter(isOurs).reduce((sum, a) => sum + (a.grams[scaleId] ?? 0), 0)
    const toldGrams = changes.filter((m) => m.body.scaleId === scaleId).reduce((sum, m) => sum + m.body.grams, 0)
    assert(Math.abs(moved - toldGrams) < 40, `${scaleId}: moved ${moved}, told ${toldGrams}`)
  }
  assert.equal(new Set(changes.map((m) => m.body.id)).size, changes.length)
})

test('messages come in the order of their instants, each machine counts on, and all keep the contract', async () => {
  const schemas: Record<string, TSchema> = { samples: Samples, change: Change, scan: Scan }
  for (const { name } of scenarios) {
    const { messages } = await told({ seed: 21, scenario: name, seconds: 200 })
    const seqs = new Map<string, number>()
    for (const [n, message] of messages.entries()) {
      assert(n === 0 || messages[n - 1]!.at <= message.at)
      if (message.kind === 'mode') continue
      const schema =
        message.kind === 'heartbeat' ? ('payload' in message.body ? HeartbeatEnvelope : Heartbeat) : schemas[message.kind]!
      assert(Value.Check(schema, message.body), JSON.stringify(message.body))
      if (message.kind === 'heartbeat') {
        const { scales } = plain(message)
        for (const [scaleId, ...weights] of scales) {
          assert(Value.Check(WireScaleId, scaleId))
          for (const weight of weights) assert(Value.Check(WireWeightKg, weight) && /^-?\d+\.\d{3}$/.test(String(weight)))
        }
      }
      if (!('seq' in message.body) || message.body.seq === undefined) continue
      assert.equal(message.body.seq, (seqs.get(message.deviceId) ?? 0) + 1)
      seqs.set(message.deviceId, message.body.seq)
    }
  }
})

test('every door gets a code of its own that the key verifies', async () => {
  const { story, messages } = await told({ seed: 2, scenario: 'two-at-once', storeId: 'store-7' })
  const key = await importJWK(keyFromSeed(2).publicJwk, 'EdDSA')
  const ids = new Set<string>()
  for (const scan of messages.filter((m) => m.kind === 'scan')) {
    const { payload, protectedHeader } = await jwtVerify(scan.body.token, key, {
      currentDate: scan.at,
      audience: 'store-7',
      maxTokenAge: 300
    })
    const visit = story.truth.visits.find((v) => v.visitKey === scan.visitKey)!
    assert.equal(protectedHeader.alg, 'EdDSA')
    assert.equal(protectedHeader.kid, keyFromSeed(2).kid)
    assert.deepEqual([payload.id, payload.role], [visit.userId, 'customer'])
    assert.match(String(payload.phoneNumber), /^\+\d{12}$/)
    ids.add(payload.jti!)
  }
  assert.equal(ids.size, 8)
})

test('in the demo the first shopper is in within 3 s, out within 25 s, with something to pay; then two are inside at once', async () => {
  for (const seed of [1, 2, 3, 'x']) {
    const { story, messages } = await told({ seed, scenario: 'demo', seconds: 420 })
    const [first] = story.truth.visits
    const start = new Date('2026-01-05T04:30:00.000Z').toISOString()
    assert(seconds(start, first!.enteredAt) <= 3, first!.enteredAt)
    assert(seconds(start, first!.leftAt!) <= 25, first!.leftAt!)
    assert(first!.bill.length > 0)
    const isTogether = story.truth.visits.some((a, n) =>
      story.truth.visits.slice(n + 1).some((b) => b.enteredAt < (a.leftAt ?? '9'))
    )
    assert(isTogether)
    assert.deepEqual(new Set(messages.map((m) => m.kind)), new Set(['heartbeat', 'samples', 'change', 'scan', 'mode']))
    assert(story.truth.modes.some((m) => m.mode === 'REFILLMENT_MODE'))
    assert(story.truth.actions.some((a) => a.kind === 'refill' && a.role === 'operations'))
  }
})

test('bills hold what customers kept: put-backs come off, wherever they were put, and staff pay nothing', async () => {
  const { story } = await told({ seed: 4, scenario: 'busy-hour', shoppers: 80, seconds: 1800 })
  const kinds = new Set(story.truth.actions.map((a) => (a.isMisplaced ? `${a.kind} elsewhere` : a.kind)))
  for (const kind of ['take', 'touch', 'put-back', 'put-back elsewhere']) assert(kinds.has(kind), kind)
  assert(
    story.truth.visits.some((v) => v.bill.length === 0),
    'somebody leaves empty-handed'
  )
  for (const visit of story.truth.visits) {
    const mine = story.truth.actions.filter((a) => a.visitKey === visit.visitKey && a.sku)
    for (const sku of new Set(mine.map((a) => a.sku))) {
      const kept = mine.filter((a) => a.sku === sku).reduce((sum, a) => sum + a.quantity, 0)
      assert.equal(visit.bill.find((l) => l.sku === sku)?.quantity ?? 0, kept)
    }
    assert(mine.every((a) => a.at > visit.enteredAt && a.at < visit.leftAt!))
  }
  const trip = await told({ seed: 4, scenario: 'refill-trip', shoppers: 4 })
  assert.deepEqual(
    trip.story.truth.modes.map((m) => m.mode.slice(0, 5)),
    ['CUSTO', 'REFIL', 'CUSTO', 'MAINT', 'CUSTO']
  )
  for (const visit of trip.story.truth.visits) assert(visit.role === 'customer' || visit.bill.length === 0)
})

test('whoever the door refuses takes nothing', async () => {
  const story = simulateStory({ seed: 6, scenario: 'quiet-morning', shoppers: 3 })
  for await (const message of story)
    if (message.kind === 'scan')
      story.hearDoor(message, message.visitKey === 'v2' ? { refused: 'blocked' } : { visitId: `id of ${message.visitKey}` })
  const [first, second, third] = story.truth.visits
  assert.deepEqual([first!.visitId, second!.refused, third!.visitId], ['id of v1', 'blocked', 'id of v3'])
  assert(story.truth.actions.every((a) => a.visitKey !== 'v2'))
  assert.equal(second!.leftAt, null)
})

test('who cannot get out shows a new code three seconds later', async () => {
  const story = simulateStory({ seed: 6, scenario: 'quiet-morning', shoppers: 1 })
  const exits: StoryMessage[] = []
  for await (const message of story) {
    if (message.kind !== 'scan' || message.direction !== 'EXIT') continue
    exits.push(message)
    story.hearDoor(message, exits.length < 3 ? { refused: 'no-answer' } : { visitId: 'v' })
  }
  assert.equal(exits.length, 3)
  assert.equal(story.truth.visits[0]!.leftAt, exits[2]!.at.toISOString())
})

test('a silent machine says nothing, and goes on with its numbers', async () => {
  const story = simulateStory({ seed: 1, scenario: 'quiet-morning', seconds: 30 })
  silence(story.stage, 'snack-shelf', 20_000)
  const heard = (await all(story)).filter((m) => m.deviceId === 'snack-shelf')
  assert.equal(heard.length, 10)
  assert(heard[0]!.at.getTime() >= Date.parse('2026-01-05T04:30:20Z'))
})
