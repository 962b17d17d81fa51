/** The floor plan of the fake shop, metres: machines side by side along one wall, entry and exit across from them. */
import type { MachineSpec } from './machine.ts'
import type { ScannerSpec } from './stage.ts'

export type Spot = { x: number; y: number }
export type Floor = {
  /** Where one stands to reach each scale, by machine. */
  spots: Map<string, (Spot & { scaleId: string })[]>
  doors: Record<ScannerSpec['tag'], Spot>
}

const SCALE_METRES = 0.35
const AISLE_METRES = 0.8
const DOOR_METRES = 2.5

/** The same for the same machines. */
export function floorOf(machines: MachineSpec[]): Floor {
  const spots: Floor['spots'] = new Map()
  let x = 0
  for (const { machineId, facings } of machines) {
    const own = [...new Set(facings.flatMap(({ scaleIds }) => scaleIds))].sort()
    const from = x
    spots.set(
      machineId,
      own.map((scaleId, n) => ({ scaleId, x: metres(from + n * SCALE_METRES), y: 0 }))
    )
    x += own.length * SCALE_METRES + AISLE_METRES
  }
  return { spots, doors: { ENTRY: { x: 0, y: DOOR_METRES }, EXIT: { x: metres(x - AISLE_METRES), y: DOOR_METRES } } }
}

/** Where one stands to reach a facing: before the middle of its scales. */
export function facingSpot({ spots }: Floor, machineId: string, scaleIds: string[]): Spot {
  const own = spots.get(machineId)!.filter(({ scaleId }) => scaleIds.includes(scaleId))
  return { x: own.reduce((sum, spot) => sum + spot.x, 0) / own.length, y: 0 }
}

const metres = (value: number) => Math.round(value * 100) / 100
