/** The simulated store as it is to be seen at any moment of its story: who is where and does what, what stands on the shelves, how the doors are. */
import type { ScannerTag } from '#contracts/api/scanners.ts'
import type { StoreMode } from '#contracts/api/store.ts'
import type { Machine } from '#simulator/machine.ts'
import type { Sight } from '#simulator/sights.ts'
import { DOORS, type FloorPlan, facingPlace, LEFT_EDGE, RIGHT_EDGE } from './floor-plan.ts'
import { type Walker, walk, whereAt } from './walker.ts'

type Reaching = Extract<Sight, { sight: 'reach' }>
type AtDoor = Extract<Sight, { sight: 'door' }>
export type DoorEvent = { ms: number; name: string; refused: string | null; isAnswered: boolean }

const APPROACH_MS = 600
const DOOR_MS = 300
const LEAVE_MS = 900
/** People side by side at one facing stand so far apart. */
const LANE_PIXELS = 40
const KEPT_MS = 10_000

/** Follows one story. Told of sights ahead of their time; asked for moments in their order. */
export class Scene {
  readonly plan: FloorPlan
  readonly walkers = new Map<string, Walker>()
  /** What lies on each facing, by machine: one sku per unit. */
  readonly shelves: Map<string, string[][]>
  mode: StoreMode | null = null
  #moves: Reaching[] = []
  #modes: Extract<Sight, { sight: 'mode' }>[] = []
  #doors: Record<'entry' | 'exit', DoorEvent[]> = { entry: [], exit: [] }
  #came = 0

  constructor(plan: FloorPlan, machines: Machine[]) {
    this.plan = plan
    this.shelves = new Map(
      machines.map(({ spec, facings }) => [spec.machineId, facings.map(({ units }) => units.map((u) => u.sku))])
    )
  }

  /** Takes in what there will be to see. */
  witness(sight: Sight): void {
    if (sight.sight === 'mode') return void this.#modes.push(sight)
    if (sight.sight === 'arrival') return this.#arrive(sight)
    const walker = this.walkers.get(sight.visitKey)
    if (!walker) return
    if (sight.sight === 'reach') this.#reach(walker, sight)
    else if (sight.sight === 'door') this.#passDoor(walker, sight)
    else if (sight.sight === 'departure') this.#depart(walker, sight)
    else walker.goneMs = Math.min(walker.goneMs, sight.ms)
  }

  /** Brings shelves and doors up to this moment, and forgets who has long left. */
  advance(ms: number): void {
    this.#moves.sort((a, b) => a.atMs - b.atMs)
    for (; this.#moves[0] && this.#moves[0].atMs <= ms; this.#moves.shift()) this.#settle(this.#moves[0])
    for (; this.#modes[0] && this.#modes[0].ms <= ms; this.#modes.shift()) this.mode = this.#modes[0].mode
    for (const events of Object.values(this.#doors)) while (events[0] && events[0].ms + KEPT_MS < ms) events.shift()
    for (const [key, { goneMs }] of this.walkers) if (goneMs + KEPT_MS < ms) this.walkers.delete(key)
  }

  /** Who is to be seen at a place. */
  peopleAt(placeId: string, ms: number): Walker[] {
    return [...this.walkers.values()].filter((walker) => ms < walker.goneMs && whereAt(walker, ms)?.placeId === placeId)
  }

  /** What happens at a door: the last event, and how far the door is open (0 to 1). */
  doorAt(place: 'entry' | 'exit', ms: number): { last: DoorEvent | null; open: number } {
    const past = this.#doors[place].filter((event) => event.ms <= ms)
    const opened = past.filter(({ isAnswered, refused }) => isAnswered && !refused).map((event) => ms - event.ms)
    const open = opened.map((sinceMs) => Math.min(1, sinceMs / DOOR_MS, (DOOR_MS + LEAVE_MS + DOOR_MS - sinceMs) / DOOR_MS))
    return { last: past.at(-1) ?? null, open: Math.max(0, ...open) }
  }

  #arrive({ ms, visitKey, person }: Extract<Sight, { sight: 'arrival' }>): void {
    const walker: Walker = { person, ordinal: this.#came++, legs: [], reaches: [], goneMs: Number.POSITIVE_INFINITY }
    this.walkers.set(visitKey, walker)
    walker.legs.push({ fromMs: ms, untilMs: ms + APPROACH_MS, placeId: 'entry', from: LEFT_EDGE, to: DOORS.entry.stops.scan })
    this.#doors.entry.push({ ms, name: person.name, refused: null, isAnswered: false })
  }

  #passDoor(walker: Walker, { ms, direction, refused }: AtDoor): void {
    const place = direction === 'ENTRY' ? 'entry' : 'exit'
    const fromMs = Math.max(ms, walker.legs.at(-1)?.untilMs ?? ms)
    this.#doors[place].push({ ms: fromMs, name: walker.person.name, refused, isAnswered: true })
    if (refused) {
      if (direction === 'ENTRY') this.#walkOff(walker, { fromMs, placeId: place, direction: 'EXIT', to: LEFT_EDGE })
      return
    }
    const { through } = DOORS[place].stops
    walk(walker, this.plan, { fromMs: fromMs + DOOR_MS / 2, untilMs: fromMs + DOOR_MS + 150, placeId: place, to: through })
    this.#walkOff(walker, { fromMs: fromMs + DOOR_MS + 150, placeId: place, direction, to: RIGHT_EDGE })
  }

  #walkOff(
    walker: Walker,
    { fromMs, placeId, direction, to }: { fromMs: number; placeId: string; direction: ScannerTag; to: typeof LEFT_EDGE }
  ): void {
    const untilMs = fromMs + LEAVE_MS
    walk(walker, this.plan, { fromMs, untilMs, placeId, to })
    if (direction === 'EXIT') walker.goneMs = untilMs
  }

  #reach(walker: Walker, sight: Reaching): void {
    const { ms, atMs, machineId, facing, kind, skus } = sight
    const { placeId, stand, grip, isUpper } = facingPlace(this.plan, machineId, facing)
    const lane = ((walker.ordinal % 3) - 1) * LANE_PIXELS
    const untilMs = Math.max(ms + DOOR_MS, atMs - 500)
    walk(walker, this.plan, { fromMs: ms, untilMs, placeId, to: { x: stand.x + lane, y: stand.y } })
    walker.reaches.push({ atMs, kind, skus, placeId, grip, isUpper })
    this.#moves.push(sight)
  }

  #depart(walker: Walker, { ms, atMs }: Extract<Sight, { sight: 'departure' }>): void {
    walk(walker, this.plan, { fromMs: ms, untilMs: atMs - 150, placeId: 'exit', to: DOORS.exit.stops.scan })
    this.#doors.exit.push({ ms: atMs, name: walker.person.name, refused: null, isAnswered: false })
  }

  #settle({ machineId, facing, kind, skus }: Reaching): void {
    const units = this.shelves.get(machineId)![facing]!
    if (kind === 'put-back' || kind === 'refill') units.push(...skus)
    if (kind === 'take' || kind === 'tidy') for (const sku of skus) units.splice(units.lastIndexOf(sku), 1)
  }
}
