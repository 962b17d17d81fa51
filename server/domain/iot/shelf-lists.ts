/** What the shelves did, as people and programs read it: weight changes, and machine sessions with their balance. */
import type { MachineSession, MachineSessionQuery } from '#contracts/api/machine-sessions.ts'
import type { WeightChange } from '#contracts/api/weight-changes.ts'
import type { Context, Db } from '#server/context.ts'
import { NotFound } from '#server/platform/errors.ts'
import { balanceOf, isBalanced, type ScaleBooks } from './balance.ts'
import {
  booksOf,
  type MachineSessionRow,
  type MachineSpan,
  machineSessionPage,
  type SessionThen,
  sessionById,
  sessionsDuring,
  type WeightChangeFilter,
  type WeightChangeRow,
  weightChangePage
} from './queries.ts'

/** A weight change as the iot room knows it; who was inside is the user room's to add. */
export type ShelfChange = Omit<WeightChange, 'visitIds' | 'roles'>

export function shelfChangeOf(row: Omit<WeightChangeRow, 'exactAt'>): ShelfChange {
  return {
    id: row.id,
    machineId: row.machineId,
    scaleId: row.scaleId,
    status: row.status as WeightChange['status'],
    grams: row.grams,
    weightBefore: row.weightBefore,
    weightAfter: row.weightAfter,
    occurredAt: row.occurredAt.toISOString(),
    occurredFrom: row.occurredFrom.toISOString(),
    receivedAt: row.receivedAt.toISOString(),
    machineSessionId: row.machineSessionId,
    source: row.source as WeightChange['source'],
    settled: row.settled,
    version: row.version,
    foundLate: row.foundLate,
    movementId: null
  }
}

/** Weight changes, newest first; withdrawn ones in no list. */
export async function listWeightChanges(ctx: Context, filter: WeightChangeFilter) {
  const page = await weightChangePage(ctx.db, filter)
  return { ...page, items: page.items.map(shelfChangeOf) }
}

/** Machine sessions, newest first, with their books. */
export async function listMachineSessions(ctx: Context, query: MachineSessionQuery) {
  const page = await machineSessionPage(ctx.db, query)
  return { ...page, items: await withBooks(ctx.db, page.items) }
}

/** One machine session. Throws NotFound. */
export async function readMachineSession(ctx: Context, id: string): Promise<MachineSession> {
  const row = await sessionById(ctx.db, id)
  if (!row) throw new NotFound('machine session', id)
  return (await withBooks(ctx.db, [row]))[0]!
}

/** What the books of a machine session come to. */
export type SessionBalance = Pick<MachineSession, 'id' | 'startedAt' | 'endedAt' | 'isBalanced'> & {
  /** What no weight change explains, of all scales, without sign; null while no scale's is known. */
  residualGrams: number | null
}

/** The machine sessions that each of these spans overlaps, oldest first, with what their books come to. */
export async function balancesDuring(db: Db, spans: MachineSpan[]): Promise<SessionBalance[][]> {
  const balances = new Map<string, SessionBalance>()
  const bySpan: SessionBalance[][] = spans.map(() => [])
  for (const { n, ...session } of await sessionsDuring(db, spans)) {
    const balance = balances.get(session.id) ?? sessionBalanceOf(session)
    balances.set(session.id, balance)
    bySpan[n]!.push(balance)
  }
  return bySpan
}

/** The books of a session that still runs come to nothing yet. */
function sessionBalanceOf({ id, startedAt, endedAt, books }: Omit<SessionThen, 'n'>): SessionBalance {
  const scales = (books ?? []).map(balanceOf)
  const residuals = scales.flatMap((scale) => scale.residualGrams ?? [])
  return {
    id,
    startedAt: startedAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
    isBalanced: isBalanced(scales),
    residualGrams: residuals.length === 0 ? null : residuals.reduce((sum, grams) => sum + Math.abs(grams), 0)
  }
}

async function withBooks(db: Db, rows: MachineSessionRow[]): Promise<MachineSession[]> {
  const books = await booksOf(
    db,
    rows.map((row) => row.id)
  )
  return rows.map((row) => machineSessionOf(row, books.get(row.id) ?? []))
}

function machineSessionOf(row: MachineSessionRow, books: ScaleBooks[]): MachineSession {
  const scales = books.map((scale) => balanceOf(row.endedAt === null ? { ...scale, closingGrams: null } : scale))
  return {
    id: row.id,
    machineId: row.machineId,
    startedAt: row.startedAt.toISOString(),
    endedAt: row.endedAt?.toISOString() ?? null,
    storeMode: row.storeMode,
    heartbeatsSeen: row.heartbeatsSeen,
    heartbeatsMissed: row.heartbeatsMissed,
    isBalanced: isBalanced(scales),
    scales: scales.map(
      ({ scaleId, openingGrams, closingGrams, changesGrams, residualGrams, toleranceGrams, isBalanced: holds }) => ({
        scaleId,
        openingGrams,
        closingGrams,
        changesGrams,
        residualGrams,
        toleranceGrams,
        isBalanced: holds
      })
    )
  }
}
