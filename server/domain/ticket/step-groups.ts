/** Which steps may come of one action or of actions that fall together, pure: same machine, same moment, places near each other. */
import type { ShelfPlan } from './shelf-plan.ts'
import type { Step } from './shelf-steps.ts'

/** How far apart two scales may be and still carry parts of one product, beside those of one facing. */
const REACH = 2
/** A part near its scale's threshold may be noticed late. */
const TOGETHER_INTERVALS = 3.2
const LONGEST_MS = 40_000

/** Could the two come of one action? A hand lifts for a moment, and each scale is read once an interval. */
export function areLinked(a: Step, b: Step, { plan, intervalMs }: { plan: ShelfPlan; intervalMs: number }): boolean {
  if (a.machineId !== b.machineId || Math.abs(a.atMs - b.atMs) > TOGETHER_INTERVALS * intervalMs) return false
  const distance = Math.abs((plan.places.get(a.scaleId) ?? -1e6) - (plan.places.get(b.scaleId) ?? 1e6))
  return distance <= REACH || plan.facings.some(({ scaleIds }) => scaleIds.includes(a.scaleId) && scaleIds.includes(b.scaleId))
}

const LOUD_GRAMS = 18
const NEAR = 1
/** Further away than one action reaches. */
const ELSEWHERE = 4
const SHAKEN_SCALES = 4
/** A scale that moves by a fourth of its neighbour, or less, follows it: that is no shaking of its own. */
const FOLLOWED = 4

type Link = { plan: ShelfPlan; intervalMs: number }

/** Those that came at most so long before or after the n-th, with it; of steps in the order in which they happened. */
function around(steps: Step[], n: number, withinMs: number): Step[] {
  const { atMs } = steps[n]!
  let [first, end] = [n, n + 1]
  while (first > 0 && atMs - steps[first - 1]!.atMs <= withinMs) first--
  while (end < steps.length && steps[end]!.atMs - atMs <= withinMs) end++
  return steps.slice(first, end)
}

/**
 * A machine that is leaned on, or whose doors fall shut, trembles all over: where several scales far apart moved at the same moment, the
 * usual size of that is how much each of them scatters then. The steps in the order in which they happened.
 */
export function withShaking(steps: Step[], { plan, intervalMs }: Link): Step[] {
  if (steps.length <= SHAKEN_SCALES) return steps
  const place = ({ scaleId }: Step) => plan.places.get(scaleId) ?? 0
  const follows = (step: Step) => (other: Step) =>
    Math.abs(place(other) - place(step)) <= REACH && Math.abs(other.grams) >= FOLLOWED * Math.abs(step.grams)
  const following = new Set(steps.filter((step, n) => around(steps, n, intervalMs).some(follows(step))))
  return steps.map((step, n) => {
    const others = around(steps, n, intervalMs).filter(
      (other) => !following.has(other) && Math.abs(place(other) - place(step)) >= ELSEWHERE
    )
    if (others.length < SHAKEN_SCALES) return step
    const sizes = others.map((other) => Math.abs(other.grams)).sort((a, b) => a - b)
    return { ...step, sigmaGrams: Math.max(step.sigmaGrams, sizes[Math.floor(sizes.length / 2)]!) }
  })
}

/** Without the tremble: small steps that lie beside no larger one and are within what the scale does by itself. */
export function withoutTremble(steps: Step[], { plan, intervalMs }: Link): Step[] {
  const isLoud = (step: Step) => step.changeId !== null || Math.abs(step.grams) >= LOUD_GRAMS
  const place = ({ scaleId }: Step) => plan.places.get(scaleId) ?? 0
  return steps.filter((step, n) => {
    if (step.changeId !== null || Math.abs(step.grams) >= Math.max(6, 3 * step.sigmaGrams)) return true
    return around(steps, n, 1.6 * intervalMs).some((other) => isLoud(other) && Math.abs(place(other) - place(step)) <= NEAR)
  })
}

/** Connected steps, each group in the order in which they happened; the groups in the order of their first step. */
export function groupSteps(steps: Step[], isLinked: (a: Step, b: Step) => boolean): Step[][] {
  const group = steps.map((_, n) => n)
  const root = (n: number): number => (group[n] === n ? n : root(group[n]!))
  for (let a = 0; a < steps.length; a++)
    for (let b = a + 1; b < steps.length && steps[b]!.atMs - steps[a]!.atMs <= LONGEST_MS; b++)
      if (isLinked(steps[a]!, steps[b]!)) group[root(b)] = root(a)
  return [...Map.groupBy(steps, (_, n) => root(n)).values()]
}
