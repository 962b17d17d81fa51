/** A simulated fixture: its scales, the units that stand on them, its own clock and how it reports. */
import { lift, type Motion, setDown, share, touch } from './handling.ts'
import type { Random } from './random.ts'
import { emptyScale, foldMotions, load, type Shelf, settledLoad } from './shelf.ts'

export type ProductSpec = {
  sku: string
  barcode: string
  name: string
  weightGrams: number
  weightToleranceGrams: number
  priceMinor: number
}
export type FacingSpec = { sku: string; scaleIds: string[]; units: number }
export type MachineSpec = {
  machineId: string
  displayName: string
  kind: 'shelf' | 'cooler' | 'cabinet'
  facings: FacingSpec[]
  transport: 'http' | 'mqtt'
  /** Beside its heartbeats: nothing, raw samples at 60 Hz, or changes that it settles itself. */
  reports: 'heartbeats' | 'samples' | 'changes'
  intervalMs: number
  /** `old` firmware wraps its heartbeats in an envelope, knows neither bootId nor seq, and its clock stands still. */
  firmware: 'current' | 'old'
  clock: { offsetMs: number; driftPpm: number }
  commands: 'obeys' | 'refuses' | 'ignores'
}

/** One piece of a product; `grams` is its own weight, `rests` says how much of it each scale (by index) carries since `sinceMs`. */
export type Unit = { sku: string; grams: number; rests: Map<number, number>; sinceMs: number }
export type Facing = { sku: string; scales: number[]; units: Unit[]; capacity: number }
export type Machine = {
  spec: MachineSpec
  shelf: Shelf
  facings: Facing[]
  bootId: string
  seq: number
  isLocked: boolean
  silentUntilMs: number
  /** By scale index: what a machine that settles changes itself has told so far. */
  toldGrams: number[]
  random: Random
}
/** What one grip moved: the units and, by scale index, the grams that came (+) or left (−). */
export type Grip = { units: Unit[]; grams: Map<number, number>; untilMs: number }

const UNIT_SPREAD = 0.02
const SHELF_BEND = 0.01

/** Sets a machine up with its planogram's units on it. */
export function openMachine(spec: MachineSpec, products: Map<string, ProductSpec>, random: Random): Machine {
  const scaleIds = [...new Set(spec.facings.flatMap((f) => f.scaleIds))].sort()
  const shelf: Shelf = { scales: scaleIds.map((id) => emptyScale(id, random.fork(id))), bend: SHELF_BEND }
  const facings = spec.facings.map(({ sku, scaleIds: ids, units: capacity }) => ({
    sku,
    scales: ids.map((id) => scaleIds.indexOf(id)),
    units: [],
    capacity
  }))
  const machine: Machine = { spec, shelf, facings, bootId: '', seq: 0, isLocked: false, silentUntilMs: -1, toldGrams: [], random }
  for (const facing of machine.facings)
    while (facing.units.length < facing.capacity) {
      const unit = newUnit(products.get(facing.sku)!, random)
      stand(unit, facing, random)
      facing.units.push(unit)
      for (const [scale, grams] of unit.rests) load(shelf.scales[scale]!, grams)
    }
  machine.toldGrams = shelf.scales.map((s) => s.zeroGrams + s.loadGrams)
  return machine
}

/** No two units weigh the same. */
export function newUnit(product: ProductSpec, random: Random): Unit {
  const spread = Math.max(-3, Math.min(3, random.normal(0, 1))) * UNIT_SPREAD
  return { sku: product.sku, grams: product.weightGrams * (1 + spread), rests: new Map(), sinceMs: -1 }
}

/** Where a unit comes to stand: on one scale of its facing, or across two neighbours. */
function stand(unit: Unit, facing: Facing, random: Random): void {
  const at = random.whole(0, facing.scales.length - 1)
  const next = facing.scales[at + 1]
  const here = next !== undefined && random.chance(0.5) ? random.range(0.3, 0.7) : 1
  unit.rests = new Map([[facing.scales[at]!, unit.grams * here]])
  if (next !== undefined && here < 1) unit.rests.set(next, unit.grams * (1 - here))
}

/** The units of the facing's own product that stand there by `ms`, those in front first. */
export const unitsOf = (facing: Facing, ms = Number.POSITIVE_INFINITY): Unit[] =>
  facing.units.filter((u) => u.sku === facing.sku && u.sinceMs <= ms)

/** Lifts these units off at `atMs`, in one grip. */
export function takeUnits(machine: Machine, facing: Facing, { units, atMs }: { units: Unit[]; atMs: number }): Grip {
  facing.units = facing.units.filter((u) => !units.includes(u))
  const total = units.reduce((sum, u) => sum + u.grams, 0)
  return move(machine, { units, motion: lift(machine.random, atMs, total), sign: -1 })
}

/** Sets these units down on the facing at `atMs`, in one grip, whatever the facing is meant for. */
export function putUnits(machine: Machine, facing: Facing, { units, atMs }: { units: Unit[]; atMs: number }): Grip {
  for (const unit of units) {
    stand(unit, facing, machine.random)
    unit.sinceMs = atMs
  }
  facing.units.push(...units)
  const total = units.reduce((sum, u) => sum + u.grams, 0)
  return move(machine, { units, motion: setDown(machine.random, atMs, total), sign: 1 })
}

function move(machine: Machine, { units, motion, sign }: { units: Unit[]; motion: Motion; sign: 1 | -1 }): Grip {
  const grams = new Map<number, number>()
  for (const unit of units) for (const [scale, part] of unit.rests) grams.set(scale, (grams.get(scale) ?? 0) + sign * part)
  for (const [scale, part] of grams) machine.shelf.scales[scale]!.motions.push(share(motion, part / motion.grams))
  return { units, grams, untilMs: motion.untilMs }
}

/** A hand on one of the facing's scales that takes nothing. Answers when it is gone. */
export function touchFacing(machine: Machine, facing: Facing, atMs: number): Grip {
  const motion = touch(machine.random, atMs)
  const scale = machine.random.pick(facing.scales)
  machine.shelf.scales[scale]!.motions.push(motion)
  return { units: [], grams: new Map([[scale, 0]]), untilMs: motion.untilMs }
}

/** The true load of each scale once all motions have ended, by scale id. */
export const loadsOf = (machine: Machine): Record<string, number> =>
  Object.fromEntries(machine.shelf.scales.map((s) => [s.scaleId, settledLoad(s)]))

/** The machine's own clock, with its offset and drift. `ms` since `startMs`. */
export function deviceTime(machine: Machine, ms: number, startMs: number): Date {
  const { offsetMs, driftPpm } = machine.spec.clock
  return new Date(Math.round(startMs + (machine.spec.firmware === 'old' ? 0 : ms * (1 + driftPpm / 1e6)) + offsetMs))
}

/** The next message's place in the machine's order. */
export const nextOrder = (machine: Machine): { bootId: string; seq: number } => ({ bootId: machine.bootId, seq: ++machine.seq })

/** Forgets what is long over. */
export const tidyMachine = (machine: Machine, ms: number): void => foldMotions(machine.shelf, ms)
