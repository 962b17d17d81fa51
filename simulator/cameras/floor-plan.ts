/** Where everything is in the pictures: each camera looks straight down on one place, and all of a place fits into its picture. Pixels. */
import type { MachineSpec } from '#simulator/machine.ts'
import type { Box, Point } from './canvas.ts'

export const WIDTH = 1280
export const HEIGHT = 720
export const HEADER_HEIGHT = 44

/** `stand` is where somebody stands to reach it, `grip` where the hand goes. */
export type FacingPlace = { box: Box; stock: Box; stand: Point; grip: Point }
export type MachinePlace = { spec: MachineSpec; isUpper: boolean; body: Box; facings: FacingPlace[] }
/** Two machines face each other across an aisle; the doors have places of their own. */
export type Place = { id: string; kind: 'entry' | 'aisle' | 'exit'; machines: MachinePlace[] }
/** From the entry to the exit. */
export type FloorPlan = Place[]

/** How a door's place is laid out: the wall from top to bottom, its opening, the scanner, and the stations of a walk through it. */
export type DoorPlace = {
  wall: Box
  opening: Box
  scanner: Point
  outside: 'left' | 'right'
  stops: { scan: Point; through: Point }
}

const MARGIN = 28
const WIDEST_COLUMN = 180
const BODY_HEIGHT = 150
const FACING_HEIGHT = 112
const STOCK_HEIGHT = 64
const STAND_OFF = 62
export const WALKWAY_Y = 378
/** Just out of sight to the left and to the right. */
export const LEFT_EDGE: Point = { x: -60, y: WALKWAY_Y }
export const RIGHT_EDGE: Point = { x: WIDTH + 60, y: WALKWAY_Y }

export function openFloorPlan(machines: MachineSpec[]): FloorPlan {
  const aisles: Place[] = []
  for (let n = 0; n < machines.length; n += 2) {
    const pair = machines.slice(n, n + 2).map((spec, side) => placeMachine(spec, side === 0))
    aisles.push({ id: `aisle-${n / 2 + 1}`, kind: 'aisle', machines: pair })
  }
  return [{ id: 'entry', kind: 'entry', machines: [] }, ...aisles, { id: 'exit', kind: 'exit', machines: [] }]
}

/** A facing is as wide as it has scales. */
function placeMachine(spec: MachineSpec, isUpper: boolean): MachinePlace {
  const columns = spec.facings.reduce((sum, { scaleIds }) => sum + scaleIds.length, 0)
  const column = Math.min(WIDEST_COLUMN, (WIDTH - 2 * MARGIN - 16) / columns)
  const width = columns * column + 16
  const y = isUpper ? HEADER_HEIGHT + 8 : HEIGHT - 16 - BODY_HEIGHT
  const body = { x: (WIDTH - width) / 2, y, width, height: BODY_HEIGHT }
  let x = body.x + 8
  const facings = spec.facings.map(({ scaleIds }) => {
    const box = {
      x: x + 3,
      y: isUpper ? y + BODY_HEIGHT - FACING_HEIGHT - 6 : y + 6,
      width: scaleIds.length * column - 6,
      height: FACING_HEIGHT
    }
    x += scaleIds.length * column
    return placeFacing(box, isUpper)
  })
  return { spec, isUpper, body, facings }
}

function placeFacing(box: Box, isUpper: boolean): FacingPlace {
  const stock = {
    x: box.x + 4,
    y: isUpper ? box.y + box.height - STOCK_HEIGHT - 4 : box.y + 4,
    width: box.width - 8,
    height: STOCK_HEIGHT
  }
  const x = box.x + box.width / 2
  return {
    box,
    stock,
    stand: { x, y: isUpper ? box.y + box.height + STAND_OFF : box.y - STAND_OFF },
    grip: { x, y: stock.y + stock.height / 2 }
  }
}

export const DOORS: Record<'entry' | 'exit', DoorPlace> = {
  entry: door(540, 'left'),
  exit: door(720, 'right')
}

function door(x: number, outside: 'left' | 'right'): DoorPlace {
  const wall = { x, y: HEADER_HEIGHT, width: 24, height: HEIGHT - HEADER_HEIGHT - 8 }
  const opening = { x, y: WALKWAY_Y - 80, width: 24, height: 160 }
  const scanner = { x: x - 44, y: WALKWAY_Y - 128 }
  return {
    wall,
    opening,
    scanner,
    outside,
    stops: { scan: { x: x - 70, y: WALKWAY_Y - 40 }, through: { x: x + 12, y: WALKWAY_Y } }
  }
}

/** A facing's place, with that of the aisle it is in. Throws an Error for a machine that is not in the plan. */
export function facingPlace(
  plan: FloorPlan,
  machineId: string,
  facing: number
): FacingPlace & { placeId: string; isUpper: boolean } {
  for (const { id, machines } of plan)
    for (const { spec, isUpper, facings } of machines)
      if (spec.machineId === machineId) return { ...facings[facing]!, placeId: id, isUpper }
  throw new Error(`there is no machine ${machineId} in the floor plan`)
}
