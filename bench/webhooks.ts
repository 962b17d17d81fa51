/** What webhooks cost the devices: heartbeats that each hold a change, with no webhook, with one for money alone, one told of everything, and one that never answers. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { median, runLoad } from './processes.ts'
import { onboardMachines, startRealServer } from './real-server.ts'
import type { Bench, Row } from './table.ts'

const ROUNDS = 3
const SECONDS = 4
const CONNECTIONS = 50

/** Accepts all, or answers nobody; counts what it hears. */
async function openReceiver(isSilent: boolean) {
  let heard = 0
  const server = createServer((request, response) => {
    heard += 1
    request.resume()
    if (!isSilent) response.writeHead(204).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, heard: () => heard, [Symbol.dispose]: close }
}

export const webhooks: Bench = {
  name: 'webhooks',
  does: 'heartbeats with a change over 50 connections, beside webhooks',
  async run({ say, seconds }): Promise<Row[]> {
    using accepts = await openReceiver(false)
    using silent = await openReceiver(true)
    const cases: { name: string; url?: string; events?: string[] }[] = [
      { name: 'no webhook' },
      { name: 'one told of visit.settled', url: accepts.url, events: ['visit.settled'] },
      { name: 'one told of everything', url: accepts.url },
      { name: 'one that never answers', url: silent.url }
    ]
    await using server = await startRealServer()
    const machines = await onboardMachines(server, CONNECTIONS)
    const order = { url: server.url, path: '/api/machines/heartbeat', machines, connections: CONNECTIONS, isChanging: true }
    await runLoad({ ...order, seconds: 2 })
    const found = cases.map(() => ({ perSecond: [] as number[], p99Ms: [] as number[], told: [] as number[], failed: 0 }))
    for (let round = 0; round < ROUNDS; round++)
      for (const [n, { url, events = [] }] of cases.entries()) {
        const { id } = url ? await server.call('POST', '/api/v1/webhooks', { url, events }) : { id: null }
        const before = accepts.heard() + silent.heard()
        const result = await runLoad({ ...order, seconds: seconds ?? SECONDS })
        found[n]!.perSecond.push(result.perSecond)
        found[n]!.p99Ms.push(result.p99Ms)
        found[n]!.told.push((accepts.heard() + silent.heard() - before) / (seconds ?? SECONDS))
        found[n]!.failed += result.errors + result.non2xx
        if (id) await server.call('DELETE', `/api/v1/webhooks/${id}`)
        say(`  ${cases[n]!.name}: ${Math.round(result.perSecond)} a second`)
      }
    const first = median(found[0]!.perSecond)
    return found.map(({ perSecond, p99Ms, told, failed }, n) => ({
      name: cases[n]!.name,
      values: {
        'per second': Math.round(median(perSecond)),
        '% of none': Math.round((100 * median(perSecond)) / first),
        'p99 ms': median(p99Ms),
        'told a second': Math.round(median(told)),
        failed
      }
    }))
  }
}
