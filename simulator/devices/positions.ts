/** A people tracker: everybody it sees, a few times a second. */
import { type Person, type Positions, positionsTopic } from '#contracts/device/positions.ts'
import type { DeviceLine } from '#simulator/line.ts'

/** Rounded to millimetres, as trackers send it. */
export function positionsOf(people: Person[], atMs: number): Positions {
  const metres = (value: number) => Math.round(value * 1000) / 1000
  return {
    at: new Date(atMs).toISOString(),
    people: people.map(({ trackId, x, y }) => ({ trackId, x: metres(x), y: metres(y) }))
  }
}

export function sendPositions(line: DeviceLine, body: Positions): void {
  line.publish(positionsTopic(line.storeId, line.deviceId), body)
}
