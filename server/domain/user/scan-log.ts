/** What the doors did: every scan counted, logged (never its token) and noted on its scanner. */
import type { DoorAccepted, RefusalReason } from '#contracts/api/entry.ts'
import type { Context } from '#server/context.ts'
import { Refused } from '#server/platform/errors.ts'

export type Direction = 'entry' | 'exit'
type Noted = { at: Date; tookMs: number; writtenMs: number; refusal: { reason: RefusalReason; at: string } | null }
type ScanLog = { count(direction: Direction, result: string): void; scanners: Map<string, Noted> }

/** `tookMs`: from the code’s arrival to the answer. */
export type LastScan = { scanAt: Date | null; tookMs: number | null; refusal: Noted['refusal'] }

const WRITE_EVERY_MS = 1000 // a scanner's last scan is kept to the second, however fast it scans
const logs = new WeakMap<Context, ScanLog>()

/** Runs one decision at a door and keeps book of it. Passes on what it answers or throws. */
export async function noteScan(
  ctx: Context,
  scan: { direction: Direction; scannerId: string | null },
  decide: () => Promise<DoorAccepted>
): Promise<DoorAccepted> {
  const startedMs = performance.now()
  const took = () => Math.round(performance.now() - startedMs)
  try {
    const accepted = await decide()
    note(ctx, scan, { result: 'accepted', reason: null, tookMs: took() })
    ctx.log.info({ ...scan, visitId: accepted.visitId, userId: accepted.userId, role: accepted.role }, 'door opened')
    return accepted
  } catch (error) {
    const reason = error instanceof Refused ? (error.code as RefusalReason) : null
    note(ctx, scan, { result: reason ?? 'failed', reason, tookMs: took() })
    if (reason && scan.scannerId)
      ctx.refusals.note(`scanner/${scan.scannerId}`, { over: null, reason, detail: (error as Refused).message })
    if (reason) ctx.log.info({ ...scan, reason }, 'door stayed closed')
    throw error
  }
}

/** A scanner's last scan and last refusal since the start of this process, to the millisecond: which of them came last can be told. */
export function lastScanOf(ctx: Context, scannerId: string): LastScan {
  const noted = logs.get(ctx)?.scanners.get(scannerId)
  return { scanAt: noted?.at ?? null, tookMs: noted?.tookMs ?? null, refusal: noted?.refusal ?? null }
}

function note(
  ctx: Context,
  { direction, scannerId }: { direction: Direction; scannerId: string | null },
  { result, reason, tookMs }: { result: string; reason: RefusalReason | null; tookMs: number }
): void {
  const log = logOf(ctx)
  log.count(direction, result)
  if (!scannerId) return
  const at = ctx.clock.now()
  const noted = { writtenMs: Number.NEGATIVE_INFINITY, refusal: null, ...log.scanners.get(scannerId), at, tookMs }
  if (reason) noted.refusal = { reason, at: at.toISOString() }
  log.scanners.set(scannerId, noted)
  if (performance.now() - noted.writtenMs < WRITE_EVERY_MS) return
  noted.writtenMs = performance.now()
  const written = ctx.db.updateTable('scanner').set({ lastScanAt: at }).where('id', '=', scannerId).execute()
  written.catch((error: Error) => ctx.log.debug({ scannerId, reason: error.message }, 'last scan not noted'))
}

function logOf(ctx: Context): ScanLog {
  const log = logs.get(ctx)
  if (log) return log
  const counter = ctx.metrics.counter('scans_total', 'QR codes presented at the doors, by what came of it', [
    'direction',
    'result'
  ])
  const made: ScanLog = { count: (direction, result) => counter.inc({ direction, result }), scanners: new Map() }
  logs.set(ctx, made)
  return made
}
