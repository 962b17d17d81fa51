/** What came out of a replay, for people and as JSON. */
import type { Context } from '#server/context.ts'
import { listMachineSessions, listMachines, listWeightChanges } from '#server/domain/iot/actions.ts'

type Balance = { machineId: string; machineSessions: number; unbalanced: number; seen: number; missed: number }
export type Outcome = {
  changes: {
    machineId: string
    scaleId: string
    status: string
    grams: number
    occurredAt: string
    settled: boolean
    foundLate: boolean
  }[]
  balances: Balance[]
}

/** Reads all weight changes (oldest first) and each machine's balance. */
export async function outcomeOf(ctx: Context): Promise<Outcome> {
  const changes = (await all((cursor) => listWeightChanges(ctx, { limit: 200, ...cursor }))).toReversed()
  const sessions = (await all((cursor) => listMachineSessions(ctx, { limit: 200, ...cursor }))).filter(
    (session) => session.endedAt !== null
  )
  const machines = await all((cursor) => listMachines(ctx, { limit: 200, ...cursor }))
  const balances = machines.map(({ machineId }): Balance => {
    const own = sessions.filter((session) => session.machineId === machineId)
    const sum = (pick: (session: (typeof own)[number]) => number) => own.reduce((total, session) => total + pick(session), 0)
    return {
      machineId,
      machineSessions: own.length,
      unbalanced: own.filter((s) => s.isBalanced === false).length,
      seen: sum((s) => s.heartbeatsSeen),
      missed: sum((s) => s.heartbeatsMissed)
    }
  })
  return {
    changes: changes.map(({ machineId, scaleId, status, grams, occurredAt, settled, foundLate }) => ({
      machineId,
      scaleId,
      status,
      grams,
      occurredAt,
      settled,
      foundLate
    })),
    balances
  }
}

/** Every item of a list, page by page. */
export async function all<T>(
  page: (cursor: { cursor?: string }) => Promise<{ items: T[]; nextCursor: string | null }>
): Promise<T[]> {
  const items: T[] = []
  let cursor: string | null = null
  do {
    const next: { items: T[]; nextCursor: string | null } = await page(cursor === null ? {} : { cursor })
    items.push(...next.items)
    cursor = next.nextCursor
  } while (cursor !== null)
  return items
}

/** A table of machines and a line for each weight change. */
export function describe({ changes, balances }: Outcome): string[] {
  const rows = balances.map((machine) => {
    const own = changes.filter((change) => change.machineId === machine.machineId)
    const grams = own.reduce((sum, change) => sum + (change.status === 'PICKED' ? -change.grams : change.grams), 0)
    const picked = own.filter((change) => change.status === 'PICKED').length
    const books = machine.unbalanced === 0 ? 'balanced' : `${machine.unbalanced} of ${machine.machineSessions} unbalanced`
    return `${machine.machineId.padEnd(20)} ${String(picked).padStart(7)} ${String(own.length - picked).padStart(7)} ${String(grams).padStart(9)}  ${String(machine.seen).padStart(10)} ${String(machine.missed).padStart(7)}  ${books}`
  })
  const head = `${'machine'.padEnd(20)} ${'picked'.padStart(7)} ${'placed'.padStart(7)} ${'Σ grams'.padStart(9)}  ${'heartbeats'.padStart(10)} ${'missed'.padStart(7)}  books`
  const lines = changes.map(
    (c) =>
      `${c.occurredAt}  ${c.machineId} ${c.scaleId}  ${c.status} ${c.grams} g${c.settled ? '' : ' (unsettled)'}${c.foundLate ? ' (found late)' : ''}`
  )
  return [...lines, '', head, ...rows]
}
