/** What a case's shelves tell, without a store around them: its heartbeats through the detector's rules, and what stands where. */
import { NEW_SCALE, read, type ScaleState } from '#server/domain/iot/detector.ts'
import { type Faint, listenFaintly, newFaint } from '#server/domain/iot/faint.ts'
import { sigmaOf } from '#server/domain/iot/noise.ts'
import { thresholdGrams } from '#server/domain/iot/rules.ts'
import { shelfPlan } from '#server/domain/ticket/shelf-plan.ts'
import { type ChangeFact, type ShiftFact, type Step, stepsOf } from '#server/domain/ticket/shelf-steps.ts'
import { readHeartbeat } from '#server/ingest/heartbeat.ts'
import { mergeRecordings } from '#server/processes/replay/files.ts'
import type { CaseOnDisk } from './cases.ts'

const CEILING_GRAMS = 30
type Scale = { state: ScaleState; faint: Faint | null; readAtMs: number | null; lightestGrams: number | null }

/** Products go by their SKU here. */
export async function factsOf({ recording, interval, catalogue }: Pick<CaseOnDisk, 'recording' | 'interval' | 'catalogue'>) {
  const weights = new Map(catalogue.products.map(({ sku, weightGrams }) => [sku, weightGrams]))
  const scales = new Map<string, Scale>()
  const changes = new Map<string, ChangeFact>()
  const shifts: ShiftFact[] = []
  const lightestOn = (machineId: string, scaleId: string) => {
    const own = (catalogue.facings.get(machineId) ?? []).filter(({ scaleIds }) => scaleIds.includes(scaleId))
    return own.length === 0 ? null : Math.min(...own.map(({ sku }) => weights.get(sku)!))
  }
  for await (const { receivedMs, body } of mergeRecordings([recording])) {
    const { machineId, readings } = readHeartbeat(body, { receivedMs, zone: 'UTC' })
    for (const { scaleId, grams, swingGrams } of readings) {
      const key = `${machineId}/${scaleId}`
      const scale = scales.get(key) ?? {
        ...{ state: NEW_SCALE, faint: null, readAtMs: null },
        lightestGrams: lightestOn(machineId, scaleId)
      }
      scales.set(key, scale)
      const where = { machineId, scaleId }
      for (const effect of heard(scale, { grams, swingGrams, atMs: receivedMs })) {
        const { rowId: id, fromMs, occurredMs: atMs } = effect.row
        if (effect.kind === 'withdraw') changes.delete(id)
        else changes.set(id, { id, ...where, grams: effect.grams, fromMs, atMs, foundLate: false })
      }
      const shift = felt(scale, { grams, swingGrams, atMs: receivedMs })
      if (shift) shifts.push({ ...where, ...shift })
    }
  }
  const intervalMs = () => interval * 1000
  const sigmaGrams = (machineId: string, scaleId: string) => sigmaOf(scales.get(`${machineId}/${scaleId}`)!.state.noise)
  const steps: Step[] = stepsOf([...changes.values()], shifts, { intervalMs, sigmaGrams })
  const keys = [...scales.keys()].map((key) => key.split('/') as [string, string])
  const plans = new Map(
    [...Map.groupBy(keys, ([machineId]) => machineId)].map(([machineId, own]) => {
      const facings = (catalogue.facings.get(machineId) ?? []).map(({ sku, scaleIds }) => ({ productId: sku, scaleIds }))
      const plan = shelfPlan(
        machineId,
        own.map(([, scaleId]) => scaleId),
        facings
      )
      return [machineId, plan]
    })
  )
  const products = new Map(
    catalogue.products.map(({ sku, weightGrams }) => [sku, { productId: sku, grams: weightGrams, toleranceGrams: 0 }])
  )
  return { steps, shop: { plans, products, intervalMs } }
}

type Heard = { grams: number; swingGrams: number | null; atMs: number }
let changes = 0

function heard(scale: Scale, { grams, swingGrams, atMs }: Heard) {
  const { state, readAtMs, lightestGrams } = scale
  const threshold = thresholdGrams({ ceilingGrams: CEILING_GRAMS, lightestGrams, sigmaGrams: sigmaOf(state.noise) })
  const gapMs = readAtMs === null ? 0 : atMs - readAtMs
  const reading = { grams, atMs, gapMs, isSure: false, isLate: false, swingGrams }
  const step = read(state, reading, { thresholdGrams: threshold, newId: () => `change-${++changes}` })
  Object.assign(scale, { state: step.state, readAtMs: atMs })
  return step.effects
}

function felt(scale: Scale, { grams, swingGrams, atMs }: Heard) {
  const { baseline, pending, noise } = scale.state
  if (baseline === null) return null
  if (scale.faint === null) {
    scale.faint = newFaint(grams, baseline)
    return null
  }
  const swing = swingGrams === null ? null : swingGrams / 2
  return listenFaintly(scale.faint, { grams, atMs, baseline, isPending: pending !== null, noise, swingGrams: swing })
}
