/** What shoppers do at a shelf, and how they make up their minds. */
import type { Facing, Machine, Unit } from './machine.ts'
import { putUnits, takeUnits, touchFacing, unitsOf } from './machine.ts'
import type { Random } from './random.ts'
import { productName, type Stage, type Visit } from './stage.ts'
import { type Deed, REACH_MS, tell } from './visits.ts'

type Place = { machine: Machine; facing: Facing }
const places = (stage: Stage, fits: (place: Place) => boolean): Place[] =>
  stage.machines
    .filter((m) => !m.isLocked)
    .flatMap((machine) => machine.facings.map((facing) => ({ machine, facing })))
    .filter(fits)

/** Takes up to `quantity` units of one product: in one grip, or one by one. */
export function take(quantity: number, { together = true }: { together?: boolean } = {}): Deed {
  return (stage, visit) => {
    const stocked = places(stage, ({ facing }) => unitsOf(facing, stage.ms).length > 0)
    if (stocked.length === 0) return 0
    const place = visit.random.pick(stocked)
    const units = unitsOf(place.facing, stage.ms).slice(0, quantity)
    const grips = together ? [units] : units.map((unit) => [unit])
    let lastMs = 0
    for (const [n, grip] of grips.entries()) {
      lastMs = n === 0 ? REACH_MS : lastMs + visit.random.range(2600, 3400)
      grab(stage, visit, { place, units: grip, inMs: lastMs })
    }
    stage.say(
      `${visit.person.name} takes ${units.length} × ${productName(stage, place.facing.sku)} from ${place.machine.spec.displayName}`
    )
    return lastMs + 700
  }
}

function grab(stage: Stage, visit: Visit, { place, units, inMs }: { place: Place; units: Unit[]; inMs: number }): void {
  const { machine, facing } = place
  const atMs = stage.ms + inMs
  const grip = takeUnits(machine, facing, { units, atMs })
  visit.hands.push(...units.map((unit) => ({ unit, machine, facing })))
  tell(stage, visit, { kind: 'take', machine, facing, grip, atMs, sku: facing.sku, quantity: units.length, isMisplaced: false })
}

/** Puts one product from the hands back where it came from. */
export const putBack: Deed = (stage, visit) => {
  if (visit.hands.length === 0) return 0
  const held = visit.random.pick(visit.hands)
  return release(stage, visit, { place: held, unit: held.unit })
}

/** Puts one product from the hands to where another product belongs. */
export const putBackElsewhere: Deed = (stage, visit) => {
  if (visit.hands.length === 0) return 0
  const { unit } = visit.random.pick(visit.hands)
  const others = places(stage, ({ facing }) => facing.sku !== unit.sku)
  return others.length > 0 ? release(stage, visit, { place: visit.random.pick(others), unit }) : 0
}

function release(stage: Stage, visit: Visit, { place, unit }: { place: Place; unit: Unit }): number {
  const { machine, facing } = place
  const atMs = stage.ms + REACH_MS
  const isMisplaced = facing.sku !== unit.sku
  visit.hands = visit.hands.filter((h) => h.unit !== unit)
  const grip = putUnits(machine, facing, { units: [unit], atMs })
  tell(stage, visit, { kind: 'put-back', machine, facing, grip, atMs, sku: unit.sku, quantity: -1, isMisplaced })
  const where = isMisplaced ? `back beside ${productName(stage, facing.sku)} on ${machine.spec.displayName}` : 'back in its place'
  stage.say(`${visit.person.name} puts 1 × ${productName(stage, unit.sku)} ${where}`)
  return grip.untilMs - stage.ms
}

/** Reaches for something and leaves it. */
export const hesitate: Deed = (stage, visit) => {
  const all = places(stage, () => true)
  if (all.length === 0) return 0
  const { machine, facing } = visit.random.pick(all)
  const atMs = stage.ms + REACH_MS
  const grip = touchFacing(machine, facing, atMs)
  tell(stage, visit, { kind: 'touch', machine, facing, grip, atMs, sku: null, quantity: 0, isMisplaced: false })
  stage.say(`${visit.person.name} hesitates at ${machine.spec.displayName}`)
  return grip.untilMs - stage.ms
}

/** Makes up a shopper's mind: one in eight leaves empty-handed, most take two or three things, some think better of it. */
export function planShopping(random: Random, { things = 4 }: { things?: number } = {}): Deed[] {
  if (random.chance(0.12)) return [hesitate]
  const deeds: Deed[] = [takeSome(random)]
  for (let rest = random.whole(0, Math.max(0, things - 1)); rest > 0; rest--) {
    const mood = random.next()
    deeds.push(mood < 0.58 ? takeSome(random) : mood < 0.73 ? hesitate : mood < 0.88 ? putBack : putBackElsewhere)
  }
  return deeds
}

function takeSome(random: Random): Deed {
  const quantity = random.pick([1, 1, 1, 2, 2, 3])
  return take(quantity, { together: random.chance(0.6) })
}
