/** The acts a scenario is made of, played one after the other: an act ends when everybody in it has left. */

import type { StoreMode } from '#contracts/api/store.ts'
import type { UserRole } from '#contracts/events.ts'
import type { Person } from './people.ts'
import type { Random } from './random.ts'
import { hesitate, planShopping, putBack, take } from './shoppers.ts'
import { changeMode, planRefill } from './staff.ts'
import { after, type Draft, type Stage } from './stage.ts'
import { beginVisit, type Deed } from './visits.ts'

export type Act =
  | { act: 'pause'; seconds: number }
  | { act: 'mode'; mode: StoreMode }
  /** `within`: they come in at random moments of so many seconds; without it one comes when the other has left. */
  | { act: 'shoppers'; count: number; within?: number; plan?: (random: Random) => Deed[] }
  /** In REFILLMENT_MODE, with at most so many things to do. */
  | { act: 'refill'; most: number }
  /** An admin's look at the machines, in MAINTENANCE_MODE. */
  | { act: 'maintenance' }

/** What a scenario plays; with `repeatFrom` the acts from that one on are played again and again. */
export type Play = { acts: Act[]; repeatFrom?: number }

export function playActs(stage: Stage, { acts, repeatFrom }: Play, whenDone: () => void): void {
  const random = stage.random.fork('acts')
  let played = 0
  const playFrom = (index: number): void => {
    const act = acts[index]
    if (act) playAct(stage, act, { random: random.fork(played++), whenOver: () => playFrom(index + 1) })
    else if (repeatFrom !== undefined) playFrom(repeatFrom)
    else whenDone()
  }
  playFrom(0)
}

type Playing = { random: Random; whenOver: () => void }
function playAct(stage: Stage, act: Act, { random, whenOver }: Playing): void {
  if (act.act === 'pause') after(stage, act.seconds * 1000, () => void whenOver())
  else if (act.act === 'mode') setMode(stage, act.mode, whenOver)
  else if (act.act === 'refill')
    staffTrip(
      stage,
      { role: 'operations', mode: 'REFILLMENT_MODE', deeds: () => planRefill(stage, act.most) },
      { random, whenOver }
    )
  else if (act.act === 'maintenance') {
    const deeds = () => [hesitate, take(1), putBack, hesitate]
    staffTrip(stage, { role: 'admin', mode: 'MAINTENANCE_MODE', deeds }, { random, whenOver })
  } else if (act.within === undefined) oneAfterTheOther(stage, act, { random, whenOver })
  else together(stage, { ...act, within: act.within }, { random, whenOver })
}

function setMode(stage: Stage, mode: StoreMode, whenOver: () => void): void {
  after(stage, 0, () => {
    after(stage, 600, () => void whenOver())
    return changeMode(stage, mode)
  })
}

type Shopping = Extract<Act, { act: 'shoppers' }>
function oneAfterTheOther(stage: Stage, { count, plan = planShopping }: Shopping, { random, whenOver }: Playing): void {
  let left = count
  const next = (): void => {
    if (left-- === 0) whenOver()
    else
      comeIn(stage, { role: 'customer', deeds: () => plan(random), inMs: random.range(700, 1200) }, { random, whenOver: pause })
  }
  const pause = () => (left === 0 ? next() : after(stage, random.range(1000, 4000), () => void next()))
  next()
}

function together(
  stage: Stage,
  { count, within, plan = planShopping }: Shopping & { within: number },
  { random, whenOver }: Playing
): void {
  let left = count
  const oneLeft = () => --left === 0 && whenOver()
  const come = (n: number): Coming => ({
    role: 'customer',
    deeds: () => plan(random.fork(n)),
    inMs: 700 + random.range(0, within * 1000)
  })
  for (let n = 0; n < count; n++) comeIn(stage, come(n), { random, whenOver: oneLeft })
  if (count === 0) whenOver()
}

type Trip = { role: UserRole; mode: StoreMode; deeds: () => Deed[] }
function staffTrip(stage: Stage, { role, mode, deeds }: Trip, { random, whenOver }: Playing): void {
  setMode(stage, mode, () =>
    comeIn(
      stage,
      { role, deeds, inMs: 1500 },
      { random, whenOver: () => after(stage, 3000, () => void setMode(stage, 'CUSTOMER_MODE', whenOver)) }
    )
  )
}

type Coming = { role: UserRole; deeds: () => Deed[]; inMs: number }
/** Somebody of that role who is not inside comes in; when all are inside, the first to be free again does. */
function comeIn(stage: Stage, { role, deeds, inMs }: Coming, { random, whenOver }: Playing): void {
  const scene = (): Draft | undefined => {
    const busy = new Set([...stage.inside.values()].map((v) => v.person.userId))
    const free: Person[] = stage.people.filter((p) => p.role === role && !busy.has(p.userId))
    if (free.length > 0) return beginVisit(stage, random.pick(free), { deeds: deeds(), whenGone: whenOver })
    after(stage, 4000, scene)
    return undefined
  }
  after(stage, inMs, scene)
}
