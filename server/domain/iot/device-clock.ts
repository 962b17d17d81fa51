/**
 * When something happened, from a device's clock that may be off, stuck, jumping or absent. A message can only be late, never
 * early: the smallest (received − device) seen in the last minutes is the clock's offset, and what exceeds it is transit time.
 */

export type DeviceClock = { lastDeviceMs: number | null; slots: { startMs: number; offsetMs: number }[] }
export type Timing = { clock: DeviceClock; occurredMs: number; isTrusted: boolean }

export const UNSET_CLOCK: DeviceClock = { lastDeviceMs: null, slots: [] }
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
  const last = clock.lastDeviceMs
  const isAbsurd = Math.abs(receivedMs - deviceMs) > ABSURD_MS || (last !== null && deviceMs <= last)
  if (isAbsurd) return { clock: { lastDeviceMs: backwards(last, deviceMs, receivedMs), slots: clock.slots }, occurredMs: receivedMs, isTrusted: false }
  const slots = learn(clock.slots, receivedMs, receivedMs - deviceMs)
  const offset = Math.min(...slots.map((slot) => slot.offsetMs))
  return { clock: { lastDeviceMs: deviceMs, slots }, occurredMs: Math.min(deviceMs + offset, receivedMs), isTrusted: true }
}

/** A clock that was set back (and is plausible now) counts from there; an absurd time leaves no mark. */
function backwards(last: number | null, deviceMs: number, receivedMs: number): number | null {
  return Math.abs(receivedMs - deviceMs) > ABSURD_MS ? last : deviceMs
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
 * order, so neither is a reason for doubt here; only a clock more than a day off is.
 */
export function changeTimeOf(clock: DeviceClock, deviceMs: number | null, receivedMs: number): number {
  if (deviceMs === null || Math.abs(receivedMs - deviceMs) > PLAUSIBLE_MS) return receivedMs
  return Math.min(receivedMs, deviceMs + Math.min(offsetOf(clock) ?? 0, ABSURD_MS))
}
