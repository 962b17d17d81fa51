/** From the code at the exit to the tickets: ten machines that live, over more and more history, one exit at a time and eight at once. */
import { newId } from '#server/platform/ids.ts'
import type { Device } from './history-store.ts'
import { heartbeatBody } from './load.ts'
import { percentile, tenth, timed } from './percentiles.ts'
import type { RealServer } from './real-server.ts'
import { mountDoors } from './soak-doors.ts'
import type { Bench, Row } from './table.ts'

const SIZES = [10_000, 1_000_000, 10_000_000]
const WARM_UP = 40
const EXITS = 300
const AT_ONCE = 8
const ROUNDS = 40
/** Machines of ten that tell a change during a visit. */
const CHANGES = 3

export const exits: Bench = {
  name: 'exits',
  does: `exit → tickets with 10 machines: ${EXITS} exits one at a time, then ${AT_ONCE} at once, ${ROUNDS} times`,
  async run({ say, history, rows: most }): Promise<Row[]> {
    const rows: Row[] = []
    for (const size of [...new Set(SIZES.map((size) => Math.min(size, most ?? size)))]) {
      await using server = await history.open(size)
      const shop = await openShop(server)
      await shop.exits(WARM_UP, 1)
      const alone = await shop.exits(EXITS, 1)
      const together = await shop.exits(ROUNDS, AT_ONCE)
      const row = { ...figures(alone, ''), ...figures(together, `${AT_ONCE} at once `) }
      const first = (rows[0]?.values['p99 ms'] as number | undefined) ?? row['p99 ms']!
      rows.push({ name: `${size} weight changes`, values: { ...row, '× the first': tenth(row['p99 ms']! / first) } })
      say(`  ${size} weight changes: p50 ${row['p50 ms']} ms, p99 ${row['p99 ms']} ms`)
    }
    return rows
  }
}

const figures = (times: number[], prefix: string) => ({
  [`${prefix}p50 ms`]: tenth(percentile(times, 0.5)),
  [`${prefix}p99 ms`]: tenth(percentile(times, 0.99))
})

/** Visits of people never seen before: all machines are heard while they are inside, some with a change, and only the exit is timed. */
async function openShop(server: RealServer & { machines: Device[] }) {
  const { code, show } = await mountDoors(server)
  const pass = async (door: 'entry' | 'exit', token: string) => {
    const status = await show(door, token)
    if (status !== 200) throw new Error(`${door} answered ${status}`)
  }
  let beats = 0
  const beat = async ({ machineId, deviceKey }: Device, isChanging: boolean) => {
    const answer = await fetch(`${server.url}/api/machines/heartbeat`, {
      method: 'POST',
      headers: { authorization: `Bearer ${deviceKey}`, 'content-type': 'application/json' },
      body: heartbeatBody(machineId, beats++, isChanging)
    })
    if (!answer.ok) throw new Error(`heartbeat answered ${answer.status}: ${await answer.text()}`)
    await answer.arrayBuffer()
  }
  const visit = async (count: number): Promise<number[]> => {
    const users = Array.from({ length: count }, newId)
    for (const user of users) await pass('entry', await code(user))
    await Promise.all(server.machines.map((machine, n) => beat(machine, n < CHANGES)))
    const codes = await Promise.all(users.map(code))
    return Promise.all(codes.map((token) => timed(() => pass('exit', token))))
  }
  return {
    /** Times of the exits of `rounds` visits of `count` people each, in milliseconds. */
    async exits(rounds: number, count: number): Promise<number[]> {
      const times: number[] = []
      for (let n = 0; n < rounds; n++) times.push(...(await visit(count)))
      return times
    }
  }
}
