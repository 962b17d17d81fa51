/**
 * When something happened, from a device's clock that may be off, stuck, jumping or absent. A message can only be late, never
 * early: the smallest (received − device) seen in the last minutes is the clock's offset, and what exceeds it is transit time.
 */

/** `isWrong`: all it ever said was absurd. */
export type DeviceClock = { lastDeviceMs: number | null; slots: { startMs: number; offsetMs: number }[]; isWrong?: true }
export type Timing = { clock: DeviceClock; occurredMs: number; isTrusted: boolean }

export const UNSET_CLOCK: DeviceClock = { lastDeviceMs: null, slots: [] }
/** After the clock of the box was set: wrong until a message shows that it is right. */
export const DOUBTED_CLOCK: DeviceClock = { ...UNSET_CLOCK, isWrong: true }
const ABSURD_MS = 5 * 60_000
const SLOT_MS = 60_000
const SLOTS = 10

/** Estimated offset (received − device), milliseconds; null before the first trusted message. */
export function offsetOf(clock: DeviceClock): number | null {
  return clock.slots.length === 0 ? null : Math.min(...clock.slots.map((slot) => slot.offsetMs))
}

/** When a message's content happened. Falls back to the receive time when the device's clock is missing, stuck or absurd (contract §6). */
export function timeOf(clock: DeviceClock, deviceMs: number | null, receivedMs: number): Timing {
  if (deviceMs === null) return { clock, occurredMs: receivedMs, isTrusted: false }
  const { lastDeviceMs: last, slots: known } = clock
  const fallback = { occurredMs: receivedMs, isTrusted: false }
  if (Math.abs(receivedMs - deviceMs) > ABSURD_MS)
    return { ...fallback, clock: last === null ? { ...clock, isWrong: true } : clock }
  if (last !== null && deviceMs === last) return { ...fallback, clock }
  if (last !== null && deviceMs < last) return { ...fallback, clock: { lastDeviceMs: deviceMs, slots: [] } } // set back: its old offset says nothing
  const slots = learn(known, receivedMs, receivedMs - deviceMs)
  const now = { lastDeviceMs: deviceMs, slots }
  return { clock: now, occurredMs: deviceMs + offsetOf(now)!, isTrusted: true }
}

function learn(slots: DeviceClock['slots'], receivedMs: number, offsetMs: number): DeviceClock['slots'] {
  const current = slots.at(-1)
  if (current && receivedMs >= current.startMs && receivedMs - current.startMs < SLOT_MS) {
    return offsetMs >= current.offsetMs ? slots : [...slots.slice(0, -1), { ...current, offsetMs }]
  }
  const fresh = slots.filter((slot) => slot.startMs <= receivedMs && receivedMs - slot.startMs < SLOTS * SLOT_MS)
  return [...fresh, { startMs: receivedMs, offsetMs }]
}

const PLAUSIBLE_MS = 24 * 60 * 60_000

/**
 * When a change that the machine settled itself happened: it may be hours late (the machine kept it while the link was down) and out of
 * order, so neither is a reason for doubt here; only a clock more than a day off is, or one whose heartbeats were absurd and never right.
 */
export function changeTimeOf(clock: DeviceClock, deviceMs: number | null, receivedMs: number): number {
  if (deviceMs === null || Math.abs(receivedMs - deviceMs) > (clock.isWrong ? ABSURD_MS : PLAUSIBLE_MS)) return receivedMs
  return Math.min(receivedMs, deviceMs + (offsetOf(clock) ?? 0))
}
