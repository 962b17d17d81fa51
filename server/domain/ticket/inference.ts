/**
 * From steps to movements, pure: who took or put back what, how sure that is, and why not surer. Steps that may belong together form a
 * group; each group is split in the likeliest ways; each part has its likely explanations; stories go on with them side by side.
 */
import type { Stay } from './diary.ts'
import { explain, type Surroundings } from './explanations.ts'
import { EMPTY_STORY, goOn, prune, type Reach, type Story, surroundings, WORSE } from './hypotheses.ts'
import { partitions } from './partitions.ts'
import { type Part, partOf } from './parts.ts'
import type { Product, ShelfPlan } from './shelf-plan.ts'
import type { Step } from './shelf-steps.ts'
import type { Explanation } from './shortlist.ts'
import { areLinked, groupSteps, withoutTremble, withShaking } from './step-groups.ts'
import type { Stop } from './stopping.ts'
import { type Inferred, verdict } from './verdict.ts'

export type Shop = {
  plans: ReadonlyMap<string, ShelfPlan>
  products: ReadonlyMap<string, Product>
  intervalMs: (machineId: string) => number
  /** The visits that were inside then; owners go by their place in this list. */
  stays: Stay[]
  /** By the place of a visit in the list of visits. */
  reach: Reach
  /** At which stop of its way each visit was then, if a tracker tells. */
  stops?: (part: Part) => (Stop | null)[]
}
type Group = { plan: ShelfPlan; intervalMs: number; steps: Step[] }
/** What was told so far, group by group: what has not changed is not told again. `base` names what it began with. */
export type Trail = { base: string; told: { key: string; stories: Story[] }[] }

/** Infers the movements behind these steps (oldest first), going on from `before`; `trail` is brought up to date. */
export function infer(
  steps: Step[],
  shop: Shop,
  { before = EMPTY_STORY, trail = { base: '', told: [] } }: { before?: Story; trail?: Trail } = {}
): { movements: Inferred[]; stories: Story[] } {
  const scales = [...shop.plans.values()].reduce((sum, plan) => sum + plan.places.size, 0)
  const byGrams = [...shop.products.values()].sort((a, b) => a.grams - b.grams)
  let stories: Story[] = [before]
  for (const [n, group] of groupsOf(steps, shop).entries()) {
    const key = keyOf(group, shop)
    const told = trail.told[n]
    if (told?.key === key) stories = told.stories
    else {
      trail.told.length = n
      stories = tell(stories, group, { ...shop, byGrams, scales })
      trail.told.push({ key, stories })
    }
  }
  return { movements: verdict(stories, shop), stories }
}

function groupsOf(steps: Step[], shop: Shop): Group[] {
  const groups = [...Map.groupBy(steps, (step) => step.machineId)].flatMap(([machineId, own]) => {
    const plan = shop.plans.get(machineId)
    if (!plan) return []
    const link = { plan, intervalMs: shop.intervalMs(machineId) }
    const clear = withoutTremble(withShaking(own, link), link)
    return groupSteps(clear, (a, b) => areLinked(a, b, link)).map((grouped) => ({ ...link, steps: grouped }))
  })
  return groups.sort((a, b) => a.steps[0]!.atMs - b.steps[0]!.atMs)
}

/** Everything a group's part of the story hangs on, in a word. */
function keyOf({ plan, intervalMs, steps }: Group, { reach }: Shop): string {
  const told = steps.map(
    ({ changeId, scaleId, atMs, grams, sigmaGrams }) => `${changeId} ${scaleId} ${atMs} ${grams} ${sigmaGrams}`
  )
  // who was not there changes nothing, and of a day's visits that is nearly all
  const who = reach(partOf(steps, plan, intervalMs)).flatMap((each, n) => (each > 0 ? `${n}:${each.toFixed(4)}` : []))
  return `${plan.machineId} ${told.join(';')} ${who.join()}`
}

type Told = Shop & { byGrams: Product[]; scales: number }

function tell(before: Story[], { plan, intervalMs, steps }: Group, shop: Told): Story[] {
  const explanations = explainer({ plan, products: shop.products, byGrams: shop.byGrams, scales: shop.scales })
  const scoring = {
    partOf: (own: Step[]) => partOf(own, plan, intervalMs),
    log: (part: Part) => explanations(part, before[0]!)[0]!.log
  }
  const next: Story[] = []
  for (const { parts } of partitions(steps, scoring)) {
    for (const order of orders(parts)) {
      let going = before
      for (const part of order) {
        const reach = shop.reach(part)
        going = prune(continued(going, part, { reach, explanations }))
      }
      next.push(...going)
    }
  }
  return prune(next)
}

type Means = { reach: number[]; explanations: (part: Part, story: Story) => Explanation[] }

/** Every story with every explanation of a part, but those that are too unlikely whoever did it. */
function continued(stories: Story[], part: Part, { reach, explanations }: Means): Story[] {
  const ways = stories.flatMap((story) =>
    explanations(part, story).map((explanation) => ({ story, explanation, most: story.log + explanation.log }))
  )
  ways.sort((a, b) => b.most - a.most)
  const next: Story[] = []
  let best = Number.NEGATIVE_INFINITY
  for (const { story, explanation, most } of ways) {
    if (most < best - WORSE) break
    const told = goOn(story, part, { explanation, reach })
    if (!told) continue
    best = Math.max(best, told.log)
    next.push(told)
  }
  return next
}

/** Stories in which the same is held and lies about explain a part alike. */
function explainer(shop: Omit<Surroundings, 'held' | 'strays'>): (part: Part, story: Story) => Explanation[] {
  const around = new Map<Story['units'], Surroundings>()
  const known = new Map<Part, Map<Story['units'], Explanation[]>>()
  return (part, story) => {
    const own = known.get(part) ?? new Map<Story['units'], Explanation[]>()
    known.set(part, own)
    const before = own.get(story.units)
    if (before) return before
    const now = around.get(story.units) ?? surroundings(story, shop)
    around.set(story.units, now)
    const found = explain(part, now)
    own.set(story.units, found)
    return found
  }
}

/** What falls together may have happened in another order than it was noticed: nothing is put back before it is taken. */
function orders(parts: Part[]): Part[][] {
  const isTold = parts.some((part, n) => part.grams > 0 && parts.slice(n + 1).some((later) => later.grams < 0))
  return isTold ? [parts, parts.toSorted((a, b) => Math.sign(a.grams) - Math.sign(b.grams))] : [parts]
}
