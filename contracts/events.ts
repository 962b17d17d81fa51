/** Every event of the house: name → payload. Written in the transaction that made it true, read through the event log and /api/v1/live. */

export type StoreMode = 'CUSTOMER_MODE' | 'REFILLMENT_MODE' | 'MAINTENANCE_MODE'
export type UserRole = 'customer' | 'operations' | 'admin'
type ChangeRef = {
  weightChangeId: string
  machineId: string
  scaleId: string
  version: number
  occurredAt: string
  occurredFrom: string
}
type ChangeFacts = ChangeRef & {
  status: 'PICKED' | 'PLACED'
  grams: number
  settled: boolean
  foundLate: boolean
  source: string
}
type TicketRef = { ticketId: string; number: string; visitId: string; machineId: string; version: number }
type VideoRef = { videoId: string; cameraId: string; startedAt: string }
type VideoGapRef = { videoGapId: string; cameraId: string; startedAt: string; cause: string }
/** A facing and how many units its weight says are on it; `sure`: beyond doubt. */
type StockRef = { machineId: string; productId: string; scaleIds: string[]; onHand: number; sure: boolean }
type VisitRef = { visitId: string; userId: string; role: UserRole }
/** Money to move because a settled cart was settled anew; `version` is the cart's. */
type Difference = VisitRef & { cartId: string; version: number; currency: string; amountMinor: number; idempotencyKey: string }

export type Events = {
  'weight-change.recorded': ChangeFacts
  'weight-change.corrected': ChangeFacts
  'weight-change.withdrawn': ChangeRef
  'shelf.stirred': { machineId: string; occurredAt: string }
  'movements.inferred': { visitIds: string[]; machineIds: string[] }
  'cart.proposed': { visitId: string; lines: { productId: string; quantity: number; confidence: number }[] }
  'machine.onboarded': { machineId: string }
  'machine.retired': { machineId: string }
  'machine.online': { machineId: string }
  'machine.offline': { machineId: string; lastHeartbeatAt: string | null }
  'camera.onboarded': { cameraId: string }
  'camera.changed': { cameraId: string }
  'camera.retired': { cameraId: string }
  'camera.online': { cameraId: string }
  'camera.offline': { cameraId: string; lastFrameAt: string | null }
  'video.opened': VideoRef
  'video.closed': VideoRef & { endedAt: string; bytes: number }
  'video.uploaded': VideoRef & { endedAt: string; bytes: number }
  'video.missing': VideoRef & { endedAt: string }
  'video-gap.started': VideoGapRef
  'video-gap.ended': VideoGapRef & { endedAt: string }
  'planogram.changed': { machineId: string }
  'stock.low': StockRef & { lowAt: number; full: number | null }
  'stock.recovered': StockRef & { lowAt: number; full: number | null }
  'stock.refilled': StockRef & { units: number }
  'machine-session.closed': { machineSessionId: string; machineId: string; startedAt: string; endedAt: string }
  'command.sent': { commandId: string; machineId: string; command: string }
  'command.answered': { commandId: string; machineId: string; command: string; status: string; reason: string | null }
  'alarm.started': { alarmId: string; kind: string; subject: string; message: string }
  'alarm.ended': { alarmId: string; kind: string; subject: string }
  'store-mode.changed': { from: StoreMode; to: StoreMode; forced: boolean }
  'visit.opened': VisitRef & { enteredAt: string }
  'visit.closed': VisitRef & { enteredAt: string; exitedAt: string }
  'ticket.opened': TicketRef
  'ticket.claimed': TicketRef & { claimedBy: string }
  'ticket.released': TicketRef & { reason: string }
  'ticket.escalated': TicketRef & { escalatedBy: string; note: string }
  'ticket.completed': TicketRef & { completedBy: string }
  'ticket.reopened': TicketRef & { reason: string }
  'ticket.changed': TicketRef & { reason: string }
  'visit.settled': VisitRef & { cartId: string; idempotencyKey: string; currency: string; totalMinor: number; lines: CartLine[] }
  'visit.corrected': VisitRef & {
    cartId: string
    idempotencyKey: string
    currency: string
    totalMinor: number
    differenceMinor: number
    lines: CartLine[]
  }
  'visit.refunded': Difference
  'visit.charged-extra': Difference
  'visit.contested': VisitRef & { contestId: string; cartId: string }
  'visit.contest-ended': VisitRef & {
    contestId: string
    result: 'UPHELD' | 'REFUSED'
    answer: string | null
    differenceMinor: number
  }
  'clock.jumped': { byMs: number }
}
export type CartLine = { productId: string; quantity: number; unitPriceMinor: number }
export type EventName = keyof Events

const KNOWN: Record<EventName, true> = {
  'weight-change.recorded': true,
  'weight-change.corrected': true,
  'weight-change.withdrawn': true,
  'shelf.stirred': true,
  'movements.inferred': true,
  'cart.proposed': true,
  'machine.onboarded': true,
  'machine.retired': true,
  'machine.online': true,
  'machine.offline': true,
  'camera.onboarded': true,
  'camera.changed': true,
  'camera.retired': true,
  'camera.online': true,
  'camera.offline': true,
  'video.opened': true,
  'video.closed': true,
  'video.uploaded': true,
  'video.missing': true,
  'video-gap.started': true,
  'video-gap.ended': true,
  'planogram.changed': true,
  'stock.low': true,
  'stock.recovered': true,
  'stock.refilled': true,
  'machine-session.closed': true,
  'command.sent': true,
  'command.answered': true,
  'alarm.started': true,
  'alarm.ended': true,
  'store-mode.changed': true,
  'visit.opened': true,
  'visit.closed': true,
  'ticket.opened': true,
  'ticket.claimed': true,
  'ticket.released': true,
  'ticket.escalated': true,
  'ticket.completed': true,
  'ticket.reopened': true,
  'ticket.changed': true,
  'visit.settled': true,
  'visit.corrected': true,
  'visit.refunded': true,
  'visit.charged-extra': true,
  'visit.contested': true,
  'visit.contest-ended': true,
  'clock.jumped': true
}
/** Every name, for who may choose among them. */
export const EVENT_NAMES = Object.keys(KNOWN) as EventName[]
