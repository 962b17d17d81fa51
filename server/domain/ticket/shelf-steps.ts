/**
 * What a shelf felt, pure: weight changes and the shifts too small to be one, as steps of each scale's level. A change is told against the
 * scale's last settled weight, and so repeats the shifts told since; a step tells each gram once.
 */

export type ChangeFact = {
  id: string
  machineId: string
  scaleId: string
  grams: number
  fromMs: number
  atMs: number
  foundLate: boolean
}
export type ShiftFact = { machineId: string; scaleId: string; before: number; after: number; atMs: number }
/** `changeId` is null where it was too small to be a change. It happened between `fromMs` and `atMs`. Grams are signed: negative left. */
export type Step = {
  changeId: string | null
  machineId: string
  scaleId: string
  grams: number
  fromMs: number
  atMs: number
  /** How much the scale's readings scatter, grams. */
  sigmaGrams: number
}
/** What is known of a machine: how often it reports, and how much each of its scales scatters. */
export type Quirks = { intervalMs: (machineId: string) => number; sigmaGrams: (machineId: string, scaleId: string) => number }

const CONFIRMED_MS = 100

/** The steps in the order in which they happened. `intervalMs` is how often a machine reports: a step may be that much older than it says. */
export function stepsOf(changes: ChangeFact[], shifts: ShiftFact[], { intervalMs, sigmaGrams: sigmaOf }: Quirks): Step[] {
  const told = [
    ...changes.map((change) => ({ kind: 'change' as const, key: `${change.machineId}/${change.scaleId}`, ...change })),
    ...shifts.map((shift) => ({ kind: 'shift' as const, key: `${shift.machineId}/${shift.scaleId}`, ...shift }))
  ].sort((a, b) => a.atMs - b.atMs)
  const faint = new Map<string, number>() // grams told as shifts since the last change of a scale
  const steps: Step[] = []
  for (const one of told) {
    const { machineId, scaleId, atMs, key } = one
    const sigmaGrams = sigmaOf(machineId, scaleId)
    const sinceMs = atMs - intervalMs(machineId) - CONFIRMED_MS
    const already = faint.get(key) ?? 0
    if (one.kind === 'shift') {
      faint.set(key, already + one.after - one.before)
      steps.push({ changeId: null, machineId, scaleId, grams: one.after - one.before, fromMs: sinceMs, atMs, sigmaGrams })
    } else {
      faint.delete(key)
      const fromMs = one.foundLate ? one.fromMs : Math.min(one.fromMs, sinceMs)
      steps.push({ changeId: one.id, machineId, scaleId, grams: one.grams - already, fromMs, atMs, sigmaGrams })
    }
  }
  return steps.filter((step) => step.grams !== 0 || step.changeId !== null)
}
