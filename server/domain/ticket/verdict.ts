/** What the stories agree on, pure: the movements of the best one, how sure each is, who did it, and in words why not surer. */
import { comesToTheSame, sharedLength, tellingOf } from './agreement.ts'
import { attribute } from './attribution.ts'
import type { Stay } from './diary.ts'
import { type Deed, deedsOf, type HeldUnit, type Reach, type Story } from './hypotheses.ts'
import type { Part } from './parts.ts'
import type { Product } from './shelf-plan.ts'
import type { Step } from './shelf-steps.ts'
import type { Stop } from './stopping.ts'
import { tempered } from './tempering.ts'

export const REASONS = [
  'two-products-alike',
  'several-shoppers',
  'off-planogram',
  'weight-off',
  'nobody-holds-it',
  'many-units',
  'unbalanced-session'
] as const
export type Reason = (typeof REASONS)[number]
export type Candidate = { productId: string; quantity: number; confidence: number }
export type Inferred = {
  machineId: string
  productId: string | null
  /** Negative: put back. */
  quantity: number
  /** Signed. */
  grams: number
  fromMs: number
  atMs: number
  place: number
  /** How likely each visit is to have done it, by its place in the list. */
  owner: number[]
  /** That product, quantity and visit are right. */
  confidence: number
  candidates: Candidate[]
  reasons: Reason[]
  /** The largest of its steps. */
  anchor: Step
  changeIds: string[]
  scaleIds: string[]
  /** Of those taken, how many were put back later. */
  returned: number
  /** Put where the product has no facing, and not taken from there since. */
  isLying: boolean
}
export type Witness = {
  stays: Stay[]
  reach: Reach
  stops?: (part: Part) => (Stop | null)[]
  products: ReadonlyMap<string, Product>
}

/** The movements of the best story, oldest first. */
export function verdict(stories: Story[], witness: Witness): Inferred[] {
  const best = stories[0]
  if (!best) return []
  const shares = sharesOf(stories)
  const told = stories.map(deedsOf)
  const deeds = told[0]!
  const shared = sharedLength(told)
  const votes = votesOf([deeds.slice(0, shared), ...told.map((own) => own.slice(shared))], [1, ...shares])
  const tellings = told.map((own) => tellingOf(own.slice(shared)))
  const agreed = (deed: Deed, n: number) =>
    n < shared ? 1 : shares.reduce((sum, share, m) => (comesToTheSame(deed, tellings[0]!, tellings[m]!) ? sum + share : sum), 0)
  const { owners, coherence, reaches } = ownersIn(best, witness)
  const units = Map.groupBy(best.units, (unit) => unit.pickedIn)
  const lying = new Set(best.units.flatMap((unit) => (unit.lying && unit.backIn ? [unit.backIn] : [])))
  const movements = deeds.map((deed, n): Inferred => {
    const { part, action } = deed
    const own = votes.get(part.anchor)!
    const sureness = calibrated(agreed(deed, n)) * coherence.get(deed)!
    const owner = owners.get(deed)!
    const most = Math.max(0, ...owner)
    const who = witness.stops ? calibrated(most) : most
    const candidates = own.flatMap(({ productId, ...vote }) => (productId === null ? [] : [{ productId, ...vote }]))
    candidates.sort((a, b) => b.confidence - a.confidence)
    const reasons = reasonsOf(deed, { owner, candidates, witness, beside: besides(deed, deeds) })
    const doubt = reasons.reduce((product, reason) => product * (ODD[reason] ?? 1), 1)
    const confidence = action.productId === null ? 0 : sureness * who * doubt
    return {
      ...{ machineId: part.machineId, productId: action.productId, quantity: action.quantity, grams: part.grams },
      ...{ fromMs: part.fromMs, atMs: part.anchor.atMs, place: part.place },
      ...{ owner, confidence, candidates: candidates.slice(0, 5), reasons },
      anchor: part.anchor,
      changeIds: part.steps.flatMap((step) => step.changeId ?? []),
      scaleIds: [...part.byScale.keys()],
      returned: (units.get(deed) ?? []).filter((unit) => !unit.isOut).length,
      isLying: lying.has(deed)
    }
  })
  if (!witness.stops) return movements
  const sure = tempered(movements.map(({ atMs, confidence }, n) => ({ atMs, confidence, reach: reaches.get(deeds[n]!)! })))
  return movements.map((movement, n) => ({ ...movement, confidence: sure[n]! }))
}

/** What a movement is recognised by when it is inferred again. */
export const anchorKey = ({ machineId, anchor: { changeId, scaleId, atMs } }: Inferred): string =>
  changeId ?? `${machineId}/${scaleId}@${atMs}`

/** What no story explains well is never beyond doubt: somebody has it whom nobody saw take it, or it weighs what it should not. */
const ODD: Partial<Record<Reason, number>> = { 'nobody-holds-it': 0.5, 'weight-off': 0.9 }

/**
 * Both doubt more than they err: the stories with one shopper inside (what they are 98 % sure of is right but for a few of a thousand,
 * bench/carts.ts), and a tracker of who did it (of 93 to 98 % sure, 98 of 100 were; stores and seeds made anew).
 */
const CALIBRATION = 1.5
const calibrated = (share: number): number => 1 - (1 - Math.min(1, share)) ** CALIBRATION

type Vote = { productId: string | null; quantity: number; confidence: number }

/** How likely each story is, given that one of them is true. */
function sharesOf(stories: Story[]): number[] {
  const most = stories[0]!.log
  const total = stories.reduce((sum, story) => sum + Math.exp(story.log - most), 0)
  return stories.map((story) => Math.exp(story.log - most) / total)
}

/** What the stories make of each step that something is said of, and how likely each of it is. */
function votesOf(stories: Deed[][], shares: number[]): Map<Step, Vote[]> {
  const votes = new Map<Step, Vote[]>()
  for (const [n, deeds] of stories.entries())
    for (const deed of deeds) {
      const { productId, quantity } = deed.action
      const step = deed.part.anchor
      const own = votes.get(step)
      const same = own?.find((vote) => vote.productId === productId && vote.quantity === quantity)
      if (same) same.confidence = Math.min(1, same.confidence + shares[n]!)
      else if (own) own.push({ productId, quantity, confidence: shares[n]! })
      else votes.set(step, [{ productId, quantity, confidence: shares[n]! }])
    }
  return votes
}

/** Who did each deed of a story: what is put back was taken by the same. */
function ownersIn(story: Story, { stays, reach, stops }: Witness) {
  const deeds = deedsOf(story)
  const leader = new Map<Deed, Deed>(deeds.map((deed) => [deed, deed]))
  const lead = (deed: Deed): Deed => (leader.get(deed) === deed ? deed : lead(leader.get(deed)!))
  for (const { pickedIn, backIn } of story.units) if (pickedIn && backIn) leader.set(lead(backIn), lead(pickedIn))
  const acts = [...Map.groupBy(deeds, lead).values()]
  const reaches = new Map(deeds.map((deed) => [deed, reach(deed.part)]))
  const none = stays.map(() => null)
  const moment = (deed: Deed) => ({
    atMs: (deed.part.fromMs + deed.part.atMs) / 2,
    machineId: deed.part.machineId,
    reach: reaches.get(deed)!,
    stops: stops?.(deed.part) ?? none,
    isSeen: stops !== undefined
  })
  const shares = attribute(
    acts.map((own) => ({ moments: own.map(moment) })),
    stays
  )
  const each = <T>(value: (own: Deed[], n: number) => T) =>
    new Map(acts.flatMap((own, n) => own.map((deed): [Deed, T] => [deed, value(own, n)])))
  const coherence = each((own) => coherenceOf(own.map((deed) => reaches.get(deed)!)))
  return { owners: each((_, n) => shares[n]!), coherence, reaches }
}

/** How often what is put back was taken by who puts it back, for each time that the story errs in that. */
const SAME = 30

/**
 * Do all parts of one story point to the same people? 1: at least as much as chance would have it; near 0: who took it stood elsewhere
 * when it was put back.
 */
function coherenceOf(reaches: number[][]): number {
  const even = reaches.map((reach) => {
    const sum = reach.reduce((a, b) => a + b, 0)
    return sum > 0 ? reach.map((share) => share / sum) : reach
  })
  const dot = (a: number[], b: number[]) => a.reduce((sum, share, n) => sum + share * (b[n] ?? 0), 0)
  const blind = even.map((reach) => {
    const inside = reach.filter((share) => share > 0).length
    return reach.map((share) => (share > 0 ? 1 / inside : 0))
  })
  let least = 1
  for (const [n, a] of even.entries())
    for (const [m, b] of even.slice(0, n).entries()) {
      const chance = dot(blind[n]!, blind[m]!)
      const alike = chance > 0 ? Math.min(1, dot(a, b) / chance) : 0
      least = Math.min(least, (alike * SAME) / (1 - alike + alike * SAME))
    }
  return least
}

const DOUBT = 0.02
const MANY_UNITS = 3

type Facts = { owner: number[]; candidates: Candidate[]; witness: Witness; beside: Deed[] }

function reasonsOf(deed: Deed, { owner, candidates, witness, beside }: Facts): Reason[] {
  const { productId, quantity, isAway, isHeld, unitIds } = deed.action
  const weighed = weighedBy(deed, witness)
  const isOff = Math.abs(weighed.off) > 6 + 0.12 * weighed.expected
  const isHidden = beside.some((other) => hidesIn(weighed, weighedBy(other, witness)))
  const inside = owner.filter((share) => share > 0).length
  const holds: [Reason, boolean][] = [
    ['two-products-alike', candidates.some((other) => other.productId !== productId && other.confidence >= DOUBT)],
    ['several-shoppers', inside > 1 && Math.max(...owner) < 1 - DOUBT],
    ['off-planogram', productId === null || (isAway && quantity > 0 && unitIds.length === 0)],
    ['weight-off', unitIds.length < 2 && isOff && !isHidden],
    ['nobody-holds-it', quantity < 0 && !isHeld],
    ['many-units', Math.abs(quantity) >= MANY_UNITS]
  ]
  return holds.flatMap(([reason, isSo]) => (isSo ? [reason] : []))
}

/** `expected`: what the catalogue has it weigh, without sign; `off`: how far the shelf became heavier than that. Nothing is expected of an unknown thing. */
type Weighed = { expected: number; off: number }

function weighedBy({ part, action: { productId, quantity } }: Deed, { products }: Witness): Weighed {
  const each = productId === null ? undefined : products.get(productId)
  return each ? { expected: Math.abs(quantity) * each.grams, off: part.grams + quantity * each.grams } : { expected: 0, off: 0 }
}

const BESIDE = 1.6 // scales between the middles of two

/** What happened at the same moment right beside it. */
const besides = ({ part }: Deed, deeds: Deed[]): Deed[] =>
  deeds.filter(
    ({ part: other }) =>
      other !== part &&
      other.machineId === part.machineId &&
      Math.abs(other.place - part.place) <= BESIDE &&
      other.fromMs <= part.atMs &&
      other.atMs >= part.fromMs
  )

/** Something is taken from two scales while something else is put onto one of them: what the one seems to lack the other seems to lack too. */
const hidesIn = (a: Weighed, b: Weighed): boolean =>
  a.off * b.off < 0 && Math.abs(a.off) <= a.expected / 2 && Math.abs(a.off + b.off) <= 6 + 0.05 * (a.expected + b.expected)

/** What an older story left lying and this one has taken: the movements that put it there. */
export const takenFromOlder = (units: HeldUnit[]): string[] =>
  units.flatMap((unit) => (unit.source !== undefined && unit.lying === null ? [unit.source] : []))
