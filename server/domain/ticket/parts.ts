/** A part: steps that are looked at as one action, pure. What they come to on each scale, together, and where. */
import type { ShelfPlan } from './shelf-plan.ts'
import type { Step } from './shelf-steps.ts'

export type Part = {
  steps: Step[]
  /** The largest of them: what is said of it is said of the part. */
  anchor: Step
  machineId: string
  /** Grams by scale, and in all; signed. */
  byScale: Map<string, number>
  grams: number
  /** Grams without their signs. */
  moved: number
  /** By scale: how much its readings scatter. */
  sigmas: Map<string, number>
  /** Where the middle of it lies along the machine. */
  place: number
  fromMs: number
  atMs: number
  /** Steps beyond the first of their scale: a slow lift is told in several. */
  repeats: number
  /** Scales between its first and its last that did not move with it. */
  gaps: number
  /** Scales went up and down: no one action does that. */
  isMixed: boolean
  /** Intervals between its first and its last step beyond the one that chance makes. */
  lateness: number
}

const TREMBLE_GRAMS = 8

export function partOf(steps: Step[], plan: ShelfPlan, intervalMs: number): Part {
  const byScale = new Map<string, number>()
  for (const { scaleId, grams } of steps) byScale.set(scaleId, (byScale.get(scaleId) ?? 0) + grams)
  const values = [...byScale.values()]
  const grams = values.reduce((sum, each) => sum + each, 0)
  const weight = values.reduce((sum, each) => sum + Math.abs(each), 0) || 1
  const place = [...byScale].reduce((sum, [id, each]) => sum + ((plan.places.get(id) ?? 0) * Math.abs(each)) / weight, 0)
  const times = steps.map((step) => step.atMs)
  return {
    steps,
    anchor: steps.reduce((most, step) => (Math.abs(step.grams) > Math.abs(most.grams) ? step : most)),
    machineId: plan.machineId,
    lateness: Math.max(0, (Math.max(...times) - Math.min(...times)) / intervalMs - 1.05),
    byScale,
    sigmas: new Map(steps.map((step) => [step.scaleId, step.sigmaGrams])),
    grams,
    moved: weight,
    place,
    fromMs: Math.min(...steps.map((step) => step.fromMs)),
    atMs: Math.max(...steps.map((step) => step.atMs)),
    repeats: steps.length - byScale.size,
    gaps: gapsIn([...byScale.keys()], plan),
    isMixed: values.some((each) => Math.sign(each) === -Math.sign(grams) && Math.abs(each) >= TREMBLE_GRAMS)
  }
}

function gapsIn(scaleIds: string[], { places }: ShelfPlan): number {
  const own = scaleIds.map((id) => places.get(id) ?? 0).sort((a, b) => a - b)
  const isPassed = (from: number, to: number) => to - from > 1 && places.values().some((place) => place > from && place < to)
  return own.slice(1).filter((place, n) => isPassed(own[n]!, place)).length
}
