/**
 * Low stock is told by a follower of the event log, once for each crossing: what a shelf holds is counted anew where something happened, and
 * held against what was noted when it was last looked at. Note, events and cursor are one transaction, so a restart tells nothing twice.
 * Nothing of it is in the way of a heartbeat.
 */
import { type Context, type Tx, takeEvents } from '#server/context.ts'
import { visitsDuring } from '#server/domain/user/actions.ts'
import type { EventRow } from '#server/platform/event-log.ts'
import { type Facing, facingsOf, type Kept, keep } from './queries.ts'
import { countUnits, isLow, levelOf } from './rules.ts'
import { factsOf } from './shelves.ts'

const FOLLOWER = 'watch-stock'

/** Takes one page of the event log; returns how many events it held, 0 when it is at the end. */
export function watchStock(ctx: Context): Promise<number> {
  return takeEvents(ctx, {
    follower: FOLLOWER,
    concerns: (events) => touchedBy(events).size > 0,
    take: (tx, events) => lookAt(tx, touchedBy(events))
  })
}

type Span = { from: Date; to: Date }

/** The machines of which these events say something new, and when something came to their scales, if it did. A machine session that ends is an occasion to look. */
function touchedBy(events: EventRow[]): Map<string, Span[]> {
  const touched = new Map<string, Span[]>()
  for (const { name, payload } of events) {
    const isChange = name.startsWith('weight-change.')
    if (!isChange && !['planogram.changed', 'machine-session.closed', 'command.answered'].includes(name)) continue
    const machineId = String(payload.machineId)
    const spans = touched.get(machineId) ?? []
    touched.set(machineId, spans)
    if (isChange && payload.status === 'PLACED')
      spans.push({ from: new Date(String(payload.occurredFrom)), to: new Date(String(payload.occurredAt)) })
  }
  return touched
}

async function lookAt(tx: Tx, touched: Map<string, Span[]>): Promise<void> {
  const kept: Kept[] = []
  let refills: Set<string> | null = null
  for (const facing of await facingsOf(tx.db, [...touched.keys()])) {
    const { onHand, doubts } = countUnits(factsOf(facing))
    if (onHand === null) continue
    const most = Math.max(facing.most ?? 0, onHand)
    const level = levelOf({ ...facing, most })
    const wasLow = facing.wasLow ?? false
    const low = isLow(onHand, level, wasLow)
    if (onHand === facing.onHand && most === facing.most && low === facing.wasLow) continue
    const units = facing.onHand === null ? 0 : onHand - facing.onHand
    if (units > 0) refills ??= await refilledAmong(tx, touched)
    const isRefilled = units > 0 && refills!.has(facing.machineId)
    kept.push({ facingId: facing.id, onHand, most, isLow: low, isRefilled })
    const facts = { ...refOf(facing), onHand, sure: doubts.length === 0 }
    if (isRefilled) tx.emit('stock.refilled', { ...facts, units })
    if (low !== wasLow) tx.emit(low ? 'stock.low' : 'stock.recovered', { ...facts, lowAt: level.lowAt, full: level.full })
  }
  await keep(tx, kept)
}

const refOf = ({ machineId, productId, scaleIds }: Facing) => ({ machineId, productId, scaleIds })

/** The machines to whose scales something came while staff were inside. */
async function refilledAmong(tx: Tx, touched: Map<string, Span[]>): Promise<Set<string>> {
  const spans = [...touched].flatMap(([machineId, own]) => own.map((span) => ({ machineId, ...span })))
  const then = await visitsDuring(tx.db, spans)
  return new Set(spans.filter((_, n) => then[n]!.roles.some((role) => role !== 'customer')).map(({ machineId }) => machineId))
}
