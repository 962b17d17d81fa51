/**
 * Stories of what happened, pure: what left which shelf, who holds it, what lies where it does not belong. Several are followed side by
 * side, each as likely as the weights make it; what is put back, or taken from a wrong place, later decides between them.
 */
import type { Stray, Surroundings, Unit } from './explanations.ts'
import type { Part } from './parts.ts'
import type { Action, Explanation } from './shortlist.ts'

/** `source`: the movement that put it where it lies, when that is an older story. `owner`: how likely each visit is to have it, by its place in the list of visits; the shares sum to 1, or to 0 where nobody was inside. */
export type HeldUnit = Unit & {
  owner: number[]
  pickedIn: Deed | null
  backIn: Deed | null
  isOut: boolean
  source?: string
  lying: { machineId: string; place: number } | null
}
export type Deed = { part: Part; action: Action; owner: number[]; before: Deed | null }
/** `saying`: what it tells, as one number: stories that tell the same are one. */
export type Story = { log: number; units: HeldUnit[]; last: Deed | null; nextId: number; saying: number }

/** What lies in the wrong place when a story begins. */
export function storyWith(strays: (Omit<Stray, 'id' | 'pickedIn'> & { source: string })[], visits: number): Story {
  const nobody = Array.from({ length: visits }, () => 0)
  const units = strays.map(
    ({ productId, grams, machineId, place, source }, n): HeldUnit => ({
      ...{ id: n + 1, productId, grams, owner: nobody, pickedIn: null, backIn: null },
      ...{ isOut: false, lying: { machineId, place }, source }
    })
  )
  return { ...EMPTY_STORY, units, nextId: strays.length + 1 }
}

export const EMPTY_STORY: Story = { log: 0, units: [], last: null, nextId: 1, saying: 0 }

/** How likely each visit was to reach there then, 0 to 1; 0 for who was not inside. */
export type Reach = (part: Part) => number[]

export const heldIn = ({ units }: Story): HeldUnit[] => units.filter((unit) => unit.isOut)
export const straysIn = ({ units }: Story): Stray[] => units.flatMap((unit) => (unit.lying ? [{ ...unit, ...unit.lying }] : []))

const NOT_INSIDE = Math.log(0.02)

/** The story goes on with one explanation of one part. Null: somebody would put back what nobody inside can hold. */
export function goOn(
  story: Story,
  part: Part,
  { explanation, reach }: { explanation: Explanation; reach: number[] }
): Story | null {
  let next: Story | null = { ...story, log: story.log + explanation.log }
  for (const action of explanation.actions) next = next && act(next, part, action, reach)
  return next
}

function act(story: Story, part: Part, action: Action, reach: number[]): Story | null {
  return action.quantity > 0 ? take(story, part, action, reach) : putBack(story, part, action, reach)
}

function take(story: Story, part: Part, action: Action, reach: number[]): Story {
  const { owner, log } = shares(reach)
  const deed: Deed = { part, action, owner, before: story.last }
  if (action.productId === null) return { ...say(story, deed), log: story.log + log }
  const grams = Math.abs(part.grams) / action.quantity
  const wasStray = new Set(action.unitIds)
  const gone = wasStray.size === 0 ? [] : story.units.filter((unit) => wasStray.has(unit.id))
  const units = Array.from({ length: action.quantity }, (_, n): HeldUnit => {
    const each = gone[n]?.grams ?? (action.isAway && gone.length > 0 ? gone[0]!.grams : grams)
    return {
      id: story.nextId + n,
      productId: action.productId!,
      grams: each,
      owner,
      pickedIn: deed,
      backIn: null,
      isOut: true,
      lying: null
    }
  })
  const lifted = (unit: HeldUnit) => (wasStray.has(unit.id) ? { ...unit, lying: null } : unit)
  return {
    ...say(story, deed),
    log: story.log + log,
    units: [...(gone.length === 0 ? story.units : story.units.map(lifted)), ...units],
    nextId: story.nextId + action.quantity
  }
}

function putBack(story: Story, part: Part, action: Action, reach: number[]): Story | null {
  const back = new Set(action.unitIds)
  const units = story.units.filter((unit) => back.has(unit.id))
  if (units.length === 0) {
    const { owner, log } = shares(reach)
    return { ...say(story, { part, action, owner, before: story.last }), log: story.log + log }
  }
  let joint = reach
  for (const unit of units) joint = joint.map((each, visit) => each * (unit.owner[visit] ?? 0))
  const sum = joint.reduce((total, each) => total + each, 0)
  if (!(sum > 0)) return null
  const owner = joint.map((each) => each / sum)
  const deed: Deed = { part, action, owner, before: story.last }
  const lying = action.isAway ? { machineId: part.machineId, place: part.place } : null
  return {
    ...say(story, deed),
    log: story.log + Math.log(sum),
    units: story.units.map((unit) => (back.has(unit.id) ? { ...unit, owner, backIn: deed, isOut: false, lying } : unit))
  }
}

function shares(reach: number[]): { owner: number[]; log: number } {
  const sum = reach.reduce((total, each) => total + each, 0)
  const inside = reach.filter((each) => each > 0).length
  return sum > 0 ? { owner: reach.map((each) => each / sum), log: Math.log(sum / inside) } : { owner: reach, log: NOT_INSIDE }
}

const MOST_STORIES = 24
export const WORSE = 10

function say(story: Story, deed: Deed): Story {
  const { scaleId, atMs } = deed.part.anchor
  const { productId, quantity, unitIds } = deed.action
  return { ...story, last: deed, saying: digest(`${scaleId}@${atMs} ${quantity} ${productId} ${unitIds.join()}`, story.saying) }
}

/** 53 bits of a text after another's (cyrb53): equal by chance once in many millions of stores' lives. */
function digest(text: string, seed: number): number {
  let [high, low] = [0xdeadbeef ^ seed, 0x41c6ce57 ^ Math.floor(seed / 0x1_0000_0000)]
  for (let n = 0; n < text.length; n++) {
    const letter = text.charCodeAt(n)
    high = Math.imul(high ^ letter, 2654435761)
    low = Math.imul(low ^ letter, 1597334677)
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  return 4294967296 * (2097151 & low) + (high >>> 0)
}

/** Keeps the likeliest stories, best first; those that say the same are one, as likely as they are together. */
export function prune(stories: Story[]): Story[] {
  const told = new Map<number, Story>()
  for (const story of stories) {
    const same = told.get(story.saying)
    if (!same) told.set(story.saying, story)
    else {
      const [more, less] = same.log >= story.log ? [same, story] : [story, same]
      told.set(story.saying, { ...more, log: more.log + Math.log1p(Math.exp(less.log - more.log)) })
    }
  }
  const sorted = [...told.values()].sort((a, b) => b.log - a.log)
  const best = sorted[0]?.log ?? 0
  return sorted.slice(0, MOST_STORIES).filter((story) => story.log > best - WORSE)
}

/** All deeds of a story, oldest first. */
export function deedsOf({ last }: Story): Deed[] {
  const deeds: Deed[] = []
  for (let deed = last; deed; deed = deed.before) deeds.push(deed)
  return deeds.reverse()
}

/** What a story makes of the shop around a machine. */
export const surroundings = (
  story: Story,
  shop: Pick<Surroundings, 'plan' | 'products' | 'byGrams' | 'scales'>
): Surroundings => ({
  ...shop,
  held: heldIn(story),
  strays: straysIn(story)
})
