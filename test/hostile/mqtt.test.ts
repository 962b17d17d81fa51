/** Ten thousand hostile MQTT messages, half of them broken packets, half wrong payloads: no crash, no row of a refused one, and a good device does not notice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { MESSAGES } from '#server/ingest/index.ts'
import { BY_ITSELF, rowCounts } from '#test/support/row-counts.ts'
import { bytesOf, connectBytes, openLine } from './mqtt-line.ts'
import { hostileLines, hostilePublishes, type Publish, SAID, type Speaker } from './mqtt-packets.ts'
import { asStrangers, comparison, quietEnough, settled } from './neighbours.ts'
import { addMachine, openGoodDevice, openRealStore, type RealStore } from './real-store.ts'

const FIXED = { seed: 20_260_102, count: 5000 }
const RANDOM = { seed: Math.floor(Math.random() * 2 ** 31), count: 3000 }
/** What is kept of refused messages would soon not fit. */
const SMALL_HEAP = { NODE_OPTIONS: '--max-old-space-size=160', MACHINE_SESSION_SECONDS: '86400' }
const LINES_AT_ONCE = 40
/** Half a packet is answered by nothing: no line waits longer than this. */
const PATIENCE_MS = 400
const PUBLISHES_A_LINE = 20

for (const { seed, count } of [FIXED, RANDOM])
  test(`${count} broken packets and ${count} wrong payloads with seed ${seed}: no crash, no row, and a good device stays quick`, async (t) => {
    await using store = await openRealStore({ env: SMALL_HEAP })
    const { storeId } = await store.call('GET', '/api/v1/store')
    const { deviceKey } = await addMachine(store, 'm-target')
    const door = await store.call('POST', '/api/v1/scanners', { name: 'door', tag: 'ENTRY' })
    const eye = await store.call('POST', '/api/v1/trackers', { name: 'ceiling' })
    const tracker = speakerOf(storeId, { kind: 'tracker', id: eye.id, key: eye.deviceKey })
    const speaker = speakerOf(storeId, { kind: 'machine', id: 'm-target', key: deviceKey })
    const scanner = speakerOf(storeId, { kind: 'scanner', id: door.id, key: door.deviceKey })
    await using neighbour = await openGoodDevice(store, await addMachine(store, 'good'))
    const quiet = await settled(neighbour)
    const before = store.residentMiB()

    const lines = fc.sample(hostileLines(speaker), { numRuns: count, seed })
    await neighbour.report() // making them has kept this process busy
    const cut = await asStrangers(() => breakLines(store, lines))
    const afterPackets = await neighbour.report()
    const publishes = fc.sample(hostilePublishes, { numRuns: count, seed })
    const { refused, taken } = await asStrangers(() => publishAll(store, speaker, publishes))
    const scans = await asStrangers(() => publishAll(store, scanner, publishes))
    const sightings = await asStrangers(() => publishAll(store, tracker, publishes))
    const afterPayloads = await neighbour.report()

    t.diagnostic(
      `${count} broken lines (${cut} cut), ${refused} payloads refused, ${taken} taken, ${scans.refused + scans.taken} scans, seed ${seed}; ${comparison(quiet, afterPackets)}; payloads: ${comparison(quiet, afterPayloads)}; +${Math.round(store.residentMiB() - before)} MiB`
    )
    assert.ok(store.isAlive())
    assert.deepEqual(
      store.lines.filter((line) => /unexpected|"level":50|ingest commit failed/.test(line)),
      []
    )
    assert.ok(refused > count / 4 && taken > count / 40, 'the payloads are neither all right nor all wrong')
    assert.ok(scans.taken > count / 100, 'some scans get as far as the code')
    assert.ok(sightings.taken > count / 100 && sightings.refused > count / 100, 'some positions are right, some are wrong')
    assert.ok(store.residentMiB() < 600, 'memory does not grow without bound')
    await quietEnough(neighbour, quiet, afterPackets)
    await quietEnough(neighbour, quiet, afterPayloads)
  })

test('every kind of device message is among the hostile ones', () => {
  assert.deepEqual(Object.keys(SAID).toSorted(), Object.keys(MESSAGES).toSorted())
})

function speakerOf(storeId: string, { kind, id, key }: { kind: Speaker['kind']; id: string; key: string }): Speaker {
  const branch = `store/${storeId}/${kind}/`
  return { kind, username: id, password: Buffer.from(key), branch: branch + id, others: `${branch}good` }
}

/** Each line says its bytes and, at their end, a PINGREQ. Returns how many were cut. Nothing that any of them says may leave a row. */
async function breakLines(store: RealStore, lines: Buffer[][]): Promise<number> {
  const before = await rowCounts(store.pool)
  let cut = 0
  const pending = lines.entries()
  const work = async () => {
    for (const [, parts] of pending) {
      using line = await openLine(store.mqttUrl)
      line.send(...parts, bytesOf({ cmd: 'pingreq' }))
      await Promise.race([line.hears('pingresp', PATIENCE_MS), line.isCut(PATIENCE_MS)])
      if (!line.isOpen()) cut += 1
    }
  }
  await Promise.all(Array.from({ length: LINES_AT_ONCE }, work))
  assert.deepEqual(await rowCounts(store.pool), before)
  return cut
}

/** Publishes those of the speaker's kind, some on each line, and waits for each acknowledgement; those of a line that were all refused have left no row, and no scan has. */
async function publishAll(store: RealStore, speaker: Speaker, all: Publish[]): Promise<{ refused: number; taken: number }> {
  const publishes = all.filter(({ kind }) => kind === speaker.kind)
  // while a scanner speaks the machines are silent, and the box says so
  const rowsOf = (rows: Record<string, number>) =>
    speaker.kind === 'machine' ? rows : Object.fromEntries(Object.entries(rows).filter(([table]) => !BY_ITSELF.includes(table)))
  let refused = 0
  let taken = 0
  for (let at = 0; at < publishes.length; at += PUBLISHES_A_LINE) {
    const group = publishes.slice(at, at + PUBLISHES_A_LINE)
    const before = await rowCounts(store.pool)
    const { dropped } = await figures(store)
    await publishGroup(store, speaker, group)
    const now = (await figures(store)).dropped - dropped
    refused += now
    taken += group.length - now
    if (now < group.length && speaker.kind !== 'scanner') continue // some were right, and are kept
    assert.deepEqual(
      rowsOf(await rowCounts(store.pool)),
      rowsOf(before),
      group.map(({ channel, payload }) => `${channel} ${payload.toString().slice(0, 300)}`).join('\n')
    )
  }
  return { refused, taken }
}

async function publishGroup(store: RealStore, { username, password, branch }: Speaker, group: Publish[]): Promise<void> {
  using line = await openLine(store.mqttUrl)
  line.send(connectBytes({ username, password, clientId: 'payloads' }))
  assert.equal((await line.hears('connack'))?.returnCode, 0)
  group.forEach(
    ({ channel, payload }, n) =>
      void line.send(bytesOf({ cmd: 'publish', topic: `${branch}/${channel}`, payload, qos: 1, messageId: n + 1 }))
  )
  const acknowledged = () => line.heard.filter(({ cmd }) => cmd === 'puback').length
  for (const endMs = performance.now() + 10_000; acknowledged() < group.length && line.isOpen() && performance.now() < endMs; )
    await sleep(2)
  assert.equal(
    acknowledged(),
    group.length,
    group.map(({ channel, payload }) => `${channel} ${payload.toString().slice(0, 300)}`).join('\n')
  )
}

async function figures(store: RealStore): Promise<{ dropped: number }> {
  const text = await (await fetch(`${store.url}/metrics`)).text()
  const dropped = [...text.matchAll(/^niflr_mqtt_dropped_total\{.*?\} (\d+)/gm)].reduce((sum, match) => sum + Number(match[1]), 0)
  return { dropped }
}
