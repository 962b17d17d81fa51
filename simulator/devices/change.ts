/** Changes that a machine settles itself: it looks once hands are off, and tells what is new since it last told. */
import { type Change, changeTopic } from '#contracts/device/change.ts'
import type { DeviceLine } from '#simulator/line.ts'
import { deviceTime, type Machine, nextOrder } from '#simulator/machine.ts'
import { readGrams, SAMPLE_HZ } from '#simulator/shelf.ts'

/** A scale is looked at this long after the last motion on it. */
export const SETTLED_AFTER_MS = 600
const LOOKS = 18
const LEAST_GRAMS = 8

/** What scale number `index` has to tell at `ms`, or null: nothing new, or hands are still on it. From now on its heartbeats say the same. */
export function changeOf(machine: Machine, index: number, { ms, startMs }: { ms: number; startMs: number }): Change | null {
  const scale = machine.shelf.scales[index]!
  if (scale.motions.some((m) => m.fromMs < ms && m.untilMs + SETTLED_AFTER_MS > ms + 1)) return null
  let sum = 0
  for (let look = 0; look < LOOKS; look++) sum += readGrams(machine.shelf, index, ms - (look * 1000) / SAMPLE_HZ)
  const grams = Math.round(sum / LOOKS) - Math.round(machine.toldGrams[index]!)
  if (Math.abs(grams) < LEAST_GRAMS) return null
  machine.toldGrams[index] = Math.round(sum / LOOKS)
  const order = nextOrder(machine)
  const at = deviceTime(machine, ms - SETTLED_AFTER_MS, startMs).toISOString()
  return { id: `${order.bootId}-${order.seq}`, scaleId: scale.scaleId, grams, at, ...order }
}

export function sendChange(line: DeviceLine, body: Change): void {
  line.publish(changeTopic(line.storeId, line.deviceId), body)
}
