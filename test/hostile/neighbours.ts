/** What a good device may notice of its neighbours: next to nothing. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Report } from './good-device.ts'

type Neighbour = { report: () => Promise<Report> }
const QUIET_MS = 3000
/** On a machine whose two cores the test and other tests share, a moment's wait for a core says nothing of the server. */
const FLOOR_MS = 150

/** How the device fares before anything happens. */
export async function settled(neighbour: Neighbour): Promise<Report> {
  await sleep(QUIET_MS / 2) // the server's first moments are not its usual ones
  await neighbour.report()
  await sleep(QUIET_MS)
  return neighbour.report()
}

/** Fails unless every answer came, 99 of 100 within twice the quiet time (and a floor). */
export function quietEnough(quiet: Report, loud: Report): void {
  assert.ok(loud.answers > 10, `${loud.answers} answers`)
  assert.equal(loud.failures, 0, loud.lastFailure)
  assert.ok(loud.p99Ms < 2 * quiet.p99Ms + FLOOR_MS, `p99 ${quiet.p99Ms} → ${loud.p99Ms} ms`)
}
