/** Slow, hung and greedy HTTP peers: cut in time, bounded in number, and nobody else notices. */
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { until } from '#test/support/devices.ts'
import { asStrangers, comparison, quietEnough, settled } from './neighbours.ts'
import { addMachine, openGoodDevice, openRealStore, type RealStore } from './real-store.ts'

const PEERS = 500

async function peersOf(store: RealStore, first: (n: number) => string): Promise<Socket[]> {
  const port = Number(new URL(store.url).port)
  const peers = Array.from({ length: PEERS }, (_, n) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(first(n)))
    return socket.on('error', () => {}).resume()
  })
  await until(() => peers.every((one) => !one.connecting), 'connected')
  return peers
}
const open = (peers: Socket[]) => peers.filter((one) => !one.destroyed).length

test(`${PEERS} peers that drip headers or bodies for ever are cut in time; a good device stays quick meanwhile`, async (t) => {
  await using store = await openRealStore()
  const known = await addMachine(store, 'slow')
  await using neighbour = await openGoodDevice(store, await addMachine(store, 'good'))
  const quiet = await settled(neighbour)
  const headers = 'POST /api/machines/heartbeat HTTP/1.1\r\nHost: x\r\n'
  const body = `Authorization: Bearer ${known.deviceKey}\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n{"machineId":`
  const startedMs = performance.now()
  await asStrangers(async () => {
    const peers = await peersOf(store, (n) => (n % 3 === 0 ? headers : n % 3 === 1 ? headers + body : ''))
    const dripping = setInterval(() => {
      for (const [n, peer] of peers.entries())
        if (!peer.destroyed && n % 3 !== 2) peer.write(n % 3 === 0 ? `X-${performance.now()}: y\r\n` : ' ')
    }, 500)
    await until(() => open(peers.filter((_, n) => n % 3 !== 2)) === 0, 'all that drip are cut', 30_000)
    clearInterval(dripping)
    for (const peer of peers) peer.destroy()
  })
  const loud = await neighbour.report()
  t.diagnostic(`cut after ${Math.round((performance.now() - startedMs) / 1000)} s; ${comparison(quiet, loud)}`)
  await quietEnough(neighbour, quiet, loud)
})

test('one device that floods over HTTP does not slow its neighbours beyond their share', async (t) => {
  await using store = await openRealStore()
  const flooding = await addMachine(store, 'flood')
  await using neighbour = await openGoodDevice(store, await addMachine(store, 'good'))
  const quiet = await settled(neighbour)
  const headers = { authorization: `Bearer ${flooding.deviceKey}`, 'content-type': 'application/json' }
  const endMs = performance.now() + 5000
  const statuses = new Map<number, number>()
  const flood = async () => {
    for (let n = 0; performance.now() < endMs; n++) {
      const body = JSON.stringify({ machineId: 'flood', scales: [['1', '0', '0', String(n % 2)]] })
      const { status } = await fetch(`${store.url}/api/machines/heartbeat`, { method: 'POST', headers, body })
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  await asStrangers(() => Promise.all(Array.from({ length: 32 }, flood)))
  const loud = await neighbour.report()
  t.diagnostic(`${[...statuses].map(([status, times]) => `${status}×${times}`).join(' ')}; ${comparison(quiet, loud)}`)
  await quietEnough(neighbour, quiet, loud)
  assert.ok([...statuses.keys()].every((status) => status === 200 || status === 429))
})

test('peers that connect and say nothing: only the last few hundred are kept, and whoever has something to say gets in', async () => {
  await using store = await openRealStore()
  const waves = [await peersOf(store, () => ''), await peersOf(store, () => ''), await peersOf(store, () => '')].flat()
  await until(() => open(waves) <= 256, 'the oldest are cut')
  assert.equal((await fetch(`${store.url}/healthz`)).status, 200)
  for (const peer of waves) peer.destroy()
})
