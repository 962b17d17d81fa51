/** What a people tracker on the ceiling of the fake shop sees: everybody's way over the floor, told of sights ahead of their time. */
import type { Person } from '#contracts/device/positions.ts'
import { type Floor, facingSpot, type Spot } from './floor.ts'
import type { MachineSpec } from './machine.ts'
import type { Sight } from './sights.ts'

type Leg = { fromMs: number; untilMs: number; from: Spot; to: Spot }
type Way = { trackId: string; lane: number; legs: Leg[]; goneMs: number }

/** Who reaches out stands there so long before. */
const STANDS_MS = 700
const STEP_MS = 300
/** People side by side at one facing stand so far apart. */
const LANE_METRES = 0.12
const LANES = 3

/** Follows one story; asked for moments in their order. Track ids are those of no other run. */
export class Tracker {
  readonly #floor: Floor
  readonly #machines: MachineSpec[]
  readonly #run: string
  readonly #ways = new Map<string, Way>()
  #came = 0

  constructor(floor: Floor, machines: MachineSpec[], run: string) {
    this.#floor = floor
    this.#machines = machines
    this.#run = run
  }

  witness(sight: Sight): void {
    if (sight.sight === 'mode') return
    if (sight.sight === 'arrival') return this.#arrive(sight.visitKey, sight.ms)
    const way = this.#ways.get(sight.visitKey)
    if (!way) return
    if (sight.sight === 'reach') this.#reach(way, sight)
    else if (sight.sight === 'departure')
      walk(way, { fromMs: sight.ms, untilMs: sight.atMs - STEP_MS, to: this.#floor.doors.EXIT })
    else if (sight.sight === 'gone' || (sight.direction === 'ENTRY') === (sight.refused !== null))
      way.goneMs = Math.min(way.goneMs, sight.ms + STEP_MS)
  }

  /** Everybody who is to be seen now, `ms` milliseconds into the story. */
  peopleAt(ms: number): Person[] {
    for (const [visitKey, { goneMs }] of this.#ways) if (goneMs < ms) this.#ways.delete(visitKey)
    return [...this.#ways.values()].map((way) => ({ trackId: way.trackId, ...whereAt(way, ms) }))
  }

  #arrive(visitKey: string, ms: number): void {
    const at = this.#floor.doors.ENTRY
    const n = this.#came++
    this.#ways.set(visitKey, {
      ...{ trackId: `${this.#run}-${n}`, lane: ((n % LANES) - 1) * LANE_METRES, goneMs: Number.POSITIVE_INFINITY },
      legs: [{ fromMs: ms, untilMs: ms, from: at, to: at }]
    })
  }

  #reach(way: Way, { ms, atMs, machineId, facing }: Extract<Sight, { sight: 'reach' }>): void {
    const { scaleIds } = this.#machines.find((machine) => machine.machineId === machineId)!.facings[facing]!
    const { x, y } = facingSpot(this.#floor, machineId, scaleIds)
    walk(way, { fromMs: ms, untilMs: Math.max(ms + STEP_MS, atMs - STANDS_MS), to: { x: x + way.lane, y } })
  }
}

/** On the way there already, or there, just goes on. */
function walk(way: Way, { fromMs, untilMs, to }: Omit<Leg, 'from'>): void {
  const last = way.legs.at(-1)!
  if (last.to.x === to.x && last.to.y === to.y) return
  const from = whereAt(way, fromMs)
  way.legs = [...way.legs.filter((leg) => leg.fromMs <= fromMs).slice(-1), { fromMs, untilMs, from, to }]
}

function whereAt({ legs }: Way, ms: number): Spot {
  const { fromMs, untilMs, from, to } = legs.findLast((leg) => leg.fromMs <= ms) ?? legs[0]!
  const part = Math.min(1, Math.max(0, (ms - fromMs) / Math.max(1, untilMs - fromMs)))
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }
}
