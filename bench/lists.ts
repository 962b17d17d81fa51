/** First pages of tickets and of weight changes over years of history, by every filter, through HTTP: fifty requests each, one at a time. */
import { newId } from '#server/platform/ids.ts'
import { beginningMs, USERS, userId, visitId, visitsOf } from './history.ts'
import { type Case, changeCases, type Known, ticketCases } from './list-cases.ts'
import { percentile, tenth, timed } from './percentiles.ts'
import type { RealServer } from './real-server.ts'
import { mountDoors } from './soak-doors.ts'
import type { Bench, Row } from './table.ts'

const ROWS = 10_000_000
const WARM_UP = 5
const REQUESTS = 50
const VISITS = 500

export const lists: Bench = {
  name: 'lists',
  does: `first pages by any filter, ${REQUESTS} requests each (p99 is the slowest)`,
  async run({ say, history, rows: most }): Promise<Row[]> {
    const size = most ?? ROWS
    await using server = await history.open(size)
    const known = await lookAround(server, size)
    const rows: Row[] = []
    for (const one of [...ticketCases(known), ...changeCases(known)])
      rows.push({ name: one.name, values: await measure(server, one) })
    const slowest = rows.toSorted((a, b) => Number(b.values['p99 ms']) - Number(a.values['p99 ms']))[0]!
    say(`  ${rows.length} filters; the slowest: ${slowest.name}, ${slowest.values['p99 ms']} ms`)
    return rows
  }
}

async function measure(server: RealServer, { path }: Case): Promise<Row['values']> {
  let items = 0
  const read = async (n: number) => {
    items = (await server.call('GET', path(n))).items.length
  }
  for (let n = 0; n < WARM_UP; n++) await read(n)
  const times: number[] = []
  for (let n = 0; n < REQUESTS; n++) times.push(await timed(() => read(n)))
  return { 'p50 ms': tenth(percentile(times, 0.5)), 'p99 ms': tenth(percentile(times, 0.99)), rows: items }
}

/** Visits from the whole history, and one that is open. */
async function lookAround(server: RealServer & { baseMs: number }, rows: number): Promise<Known> {
  const { code, show } = await mountDoors(server)
  if ((await show('entry', await code(newId()))) !== 200) throw new Error('nobody could enter')
  const { items: inside } = await server.call('GET', '/api/v1/visits?open=true&limit=1')
  const { baseMs } = server
  const step = visitsOf(rows) / VISITS
  return {
    visitIds: Array.from({ length: VISITS }, (_, n) => visitId(1 + Math.floor(((n * 617) % VISITS) * step), baseMs)),
    oldVisitId: visitId(visitsOf(rows), baseMs),
    openVisitId: inside[0].id,
    userIdOf: (n) => userId(1 + ((n * 37) % (USERS - 1))),
    oldestMs: beginningMs(rows, baseMs),
    newestMs: baseMs
  }
}
