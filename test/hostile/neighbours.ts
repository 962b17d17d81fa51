/** What a good device may notice of its neighbours: next to nothing. */
import assert from 'node:assert/strict'
import { getPriority, setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Report } from './good-device.ts'

type Neighbour = { report: () => Promise<Report> }
const QUIET_MS = 4000
/** What a moment's wait for a core may take on a machine that runs attackers, server and neighbour on two: it says nothing of the server. */
const FLOOR_MS = 20
/** Attackers have processors of their own. Here they share the store's, and get of them what store and neighbour leave. */
const STRANGERS_NICE = 10

/** How the device fares before anything happens. */
export async function settled(neighbour: Neighbour): Promise<Report> {
  await sleep(QUIET_MS / 2) // the server's first moments are not its usual ones
  await neighbour.report()
  await sleep(QUIET_MS)
  return neighbour.report()
}

/** Attacks from this process, which steps back behind the store's and the neighbour's while it does. Only root may step forward again. */
export async function asStrangers<T>(attack: () => Promise<T>): Promise<T> {
  const before = getPriority()
  const mayReturn = process.getuid?.() === 0
  if (mayReturn) setPriority(STRANGERS_NICE)
  try {
    return await attack()
  } finally {
    if (mayReturn) setPriority(before)
  }
}

/**
 * Fails unless every answer came, 99 of 100 within twice the quiet time (and a floor). A machine whose other work comes and goes is not
 * as quiet after an attack as before it: then the less quiet time counts.
 */
export async function quietEnough(neighbour: Neighbour, quiet: Report, loud: Report): Promise<void> {
  assert.ok(loud.answers > 100, `${loud.answers} answers`)
  assert.equal(loud.failures, 0, loud.lastFailure)
  const isFine = ({ p99Ms }: Report) => loud.p99Ms < 2 * p99Ms + FLOOR_MS
  if (isFine(quiet)) return
  const after = await settled(neighbour)
  assert.ok(isFine(after), `p99 ${quiet.p99Ms} → ${loud.p99Ms} → ${after.p99Ms} ms`)
}

/** Both in a line, for people. */
export const comparison = (quiet: Report, loud: Report): string =>
  `neighbour p50 ${quiet.p50Ms} → ${loud.p50Ms}, p99 ${quiet.p99Ms} → ${loud.p99Ms}, longest ${quiet.maxMs} → ${loud.maxMs} ms of ${loud.answers}`
