/** What the people who run the shop do: fill up, bring misplaced products home, look after a machine. */
import type { StoreMode } from '#contracts/api/store.ts'
import { type Facing, type Machine, newUnit, putUnits, takeUnits, unitsOf } from './machine.ts'
import { type Draft, productName, type Stage, timeAt } from './stage.ts'
import { type Deed, REACH_MS, tell } from './visits.ts'

/** Units of one grip of a person who fills up. */
const ARMFUL = 6

/** Changes the store mode now, as staff do from their screen. */
export function changeMode(stage: Stage, mode: StoreMode): Draft {
  stage.truth.modeChanged(mode, timeAt(stage, stage.ms))
  stage.witness({ sight: 'mode', ms: stage.ms, mode })
  stage.say(`the store goes to ${mode}`)
  return { kind: 'mode', deviceId: 'staff', body: { mode } }
}

/** Everything that wants doing at the shelves now, at most `most` things: first what stands in the wrong place, then what is low. */
export function planRefill(stage: Stage, most: number): Deed[] {
  const facings = stage.machines.flatMap((machine) => machine.facings.map((facing) => ({ machine, facing })))
  const strays = facings.filter(({ facing }) => facing.units.some((u) => u.sku !== facing.sku))
  const low = facings.filter(({ facing }) => unitsOf(facing).length < facing.capacity)
  low.sort((a, b) => stock(a.facing) - stock(b.facing))
  return [...strays.map((place) => tidy(place)), ...low.map((place) => refill(place))].slice(0, most)
}

const stock = (facing: Facing) => unitsOf(facing).length / facing.capacity
type Place = { machine: Machine; facing: Facing }

/** Sets an armful of the facing's own product down on it. */
function refill({ machine, facing }: Place): Deed {
  return (stage, visit) => {
    const lacking = Math.min(ARMFUL, facing.capacity - unitsOf(facing).length)
    if (lacking <= 0) return 0
    const product = stage.products.get(facing.sku)!
    const units = Array.from({ length: lacking }, () => newUnit(product, visit.random))
    const atMs = stage.ms + REACH_MS
    const grip = putUnits(machine, facing, { units, atMs })
    tell(stage, visit, { kind: 'refill', machine, facing, grip, atMs, sku: facing.sku, quantity: -lacking, isMisplaced: false })
    stage.say(`${visit.person.name} fills up ${lacking} × ${productName(stage, facing.sku)} on ${machine.spec.displayName}`)
    return grip.untilMs - stage.ms
  }
}

/** Takes what does not belong to the facing away. */
function tidy({ machine, facing }: Place): Deed {
  return (stage, visit) => {
    const stray = facing.units.find((u) => u.sku !== facing.sku && u.sinceMs <= stage.ms)
    if (!stray) return 0
    const units = facing.units.filter((u) => u.sku === stray.sku && u.sinceMs <= stage.ms)
    const atMs = stage.ms + REACH_MS
    const grip = takeUnits(machine, facing, { units, atMs })
    tell(stage, visit, { kind: 'tidy', machine, facing, grip, atMs, sku: stray.sku, quantity: units.length, isMisplaced: true })
    stage.say(`${visit.person.name} takes a misplaced ${productName(stage, stray.sku)} off ${machine.spec.displayName}`)
    return grip.untilMs - stage.ms
  }
}
