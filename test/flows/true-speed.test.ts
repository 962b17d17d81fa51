/** Recorded shelves at true speed: one case over HTTP and one over MQTT at once, against a listening store, must end as their replay does. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectAsync } from 'mqtt'
import { heartbeatTopic } from '#contracts/device/heartbeat.ts'
import { SYSTEM, transact } from '#server/context.ts'
import { addMachine, cutMachineSessions, listMachineSessions, listWeightChanges } from '#server/domain/iot/actions.ts'
import { readRecording } from '#server/processes/replay/files.ts'
import { sharedData } from '#test/support/shared-data.ts'
import { openTestStore, type TestStore } from '#test/support/store.ts'

const cases = sharedData('aifi/cases')
const skip = cases === null && 'skipped: no shared data'
const SPAN_MS = 30_000

type Beat = { atMs: number; machineId: string; scales: unknown[] }

/** The first half minute of a case, its machines renamed so that two cases can run in one store. */
async function beatsOf(name: string, prefix: string): Promise<Beat[]> {
  const beats: Beat[] = []
  for await (const { receivedMs, body } of readRecording(join(cases!, name, 'heartbeats-1s.ndjson.gz'))) {
    const { machineId, scales } = body as { machineId: string; scales: unknown[] }
    beats.push({ atMs: receivedMs, machineId: `${prefix}-${machineId}`, scales })
  }
  const start = beats[0]!.atMs
  return beats.map((beat) => ({ ...beat, atMs: beat.atMs - start })).filter((beat) => beat.atMs < SPAN_MS)
}

/** Sends each heartbeat at its time; resolves when the last is acknowledged. */
async function play(beats: Beat[], send: (beat: Beat) => Promise<void>): Promise<void> {
  const startMs = performance.now()
  const sent: Promise<void>[] = []
  for (const beat of beats) {
    await sleep(Math.max(0, beat.atMs - (performance.now() - startMs)))
    sent.push(send(beat))
  }
  await Promise.all(sent)
}

const body = ({ machineId, scales }: Beat) => JSON.stringify({ machineId, scales, eventTime: new Date().toISOString() })

async function playBoth(store: TestStore, [overHttp, overMqtt]: [Beat[], Beat[]]): Promise<void> {
  const keys = new Map<string, string>()
  for (const machineId of new Set([...overHttp, ...overMqtt].map((beat) => beat.machineId)))
    keys.set(machineId, (await addMachine(store.ctx, SYSTEM, { machineId, displayName: machineId, kind: 'shelf' })).deviceKey)
  const url = await store.app.listen({ host: '127.0.0.1', port: 0 })
  const post = async (beat: Beat) => {
    const headers = { authorization: `Bearer ${keys.get(beat.machineId)}`, 'content-type': 'application/json' }
    const answer = await fetch(`${url}/api/machines/heartbeat`, { method: 'POST', headers, body: body(beat) })
    assert.equal(answer.status, 200, await answer.text())
  }
  const ids = [...new Set(overMqtt.map((beat) => beat.machineId))]
  const clients = new Map(
    await Promise.all(
      ids.map(async (id) => [id, await connectAsync(store.mqttUrl!, { username: id, password: keys.get(id)! })] as const)
    )
  )
  const publish = async (beat: Beat) => {
    await clients
      .get(beat.machineId)!
      .publishAsync(heartbeatTopic(store.ctx.store.storeId, beat.machineId), body(beat), { qos: 1 })
  }
  await Promise.all([play(overHttp, post), play(overMqtt, publish)])
  for (const client of clients.values()) await client.endAsync()
}

test('two recorded stores run at true speed, one over HTTP and one over MQTT, and every machine’s books balance', {
  skip
}, async () => {
  const [first, second] = readdirSync(cases!).toSorted() as [string, string]
  const beats: [Beat[], Beat[]] = [await beatsOf(first, 'h'), await beatsOf(second, 'm')]
  await using store = await openTestStore({ mqtt: true })
  await playBoth(store, beats)
  await transact(store.ctx, (tx) => cutMachineSessions(store.ctx, tx, { storeMode: 'MAINTENANCE_MODE' }))
  const sessions = (await listMachineSessions(store.ctx, { limit: 200 })).items.filter((session) => session.endedAt !== null)
  assert.deepEqual(
    sessions.filter((session) => session.isBalanced !== true).map((session) => session.machineId),
    []
  )
  const heartbeats = sessions.reduce((sum, session) => sum + session.heartbeatsSeen, 0)
  assert.equal(heartbeats, beats[0].length + beats[1].length, 'every heartbeat was seen once')
  const changes = (await listWeightChanges(store.ctx, { limit: 200 })).items
  assert(
    changes.some((change) => change.machineId.startsWith('h-')) && changes.some((change) => change.machineId.startsWith('m-')),
    'both stores had changes'
  )
})
