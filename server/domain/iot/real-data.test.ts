/** The detector on what real machines sent: recorded heartbeats of a running store, and load cells of a shelf while one product was taken. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { readHeartbeat } from '#server/ingest/heartbeat.ts'
import { oneScale } from '#test/support/one-scale.ts'
import { NO_SHARED_DATA, sharedData } from '#test/support/shared-data.ts'
import { timeOf, UNSET_CLOCK } from './device-clock.ts'
import { sigmaOf } from './noise.ts'
import { feed, newPlateau, type Plateau } from './plateau.ts'
import { sampleToleranceGrams, silenceAllowedMs, thresholdGrams } from './rules.ts'

type Scale = ReturnType<typeof oneScale>
const RECORDED = sharedData('heartbeats/recorded.ndjson')
const SHELF = sharedData('aifi/benchmark-1/readings.ndjson.gz')
const json = (path: string) => JSON.parse(readFileSync(sharedData(path)!, 'utf8'))
const lines = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

test('four recorded heartbeats are exactly six changes, and their clock, which stands still, is not believed', {
  skip: RECORDED === null && NO_SHARED_DATA
}, () => {
  const scales = new Map<string, Scale>()
  let clock = UNSET_CLOCK
  let lastMs: number | null = null
  const found: { after: string; changes: object[] }[] = []
  for (const { receivedAt, body } of lines(readFileSync(RECORDED!, 'utf8'))) {
    const message = readHeartbeat(body, { receivedMs: Date.parse(receivedAt), zone: 'Asia/Kolkata' })
    const timing = timeOf(clock, message.deviceMs, message.receivedMs)
    clock = timing.clock
    assert.deepEqual([message.machineId, timing.isTrusted, timing.occurredMs], ['1644496921479', false, message.receivedMs])
    const afterMs: number = lastMs === null ? 0 : message.receivedMs - lastMs
    const changes = message.readings.flatMap(({ scaleId, grams, swingGrams }) => {
      const scale = scales.get(scaleId) ?? oneScale()
      scales.set(scaleId, scale)
      const effects = scale.reads(grams, { afterMs, swingGrams, isLate: afterMs > silenceAllowedMs(null) })
      const news = effects.flatMap((effect) => (effect.kind === 'record' ? [effect.grams] : []))
      return news.map((change) => ({ scaleId, status: change < 0 ? 'PICKED' : 'PLACED', grams: Math.abs(change) }))
    })
    if (lastMs !== null) found.push({ after: receivedAt, changes })
    lastMs = message.receivedMs
  }
  assert.equal(scales.size, 11)
  assert.deepEqual(found, json('heartbeats/expected.json'))
  for (const scale of scales.values()) scale.stands()
  const sums = Object.fromEntries(
    [...scales].flatMap(([scaleId, scale]) => (scale.live().length > 0 ? [[scaleId, scale.grams()]] : []))
  )
  assert.deepEqual(sums, { '001': [-300, 200], '002': [-300, -200], '003': [400, 500] })
})

test('seventeen seconds of 278 real plates at 60 Hz are one pick of 623 g, on one plate', {
  skip: SHELF === null && NO_SHARED_DATA
}, () => {
  const lightest = lightestByPlate()
  const plates = new Map<string, { scale: Scale; plateau: Plateau }>()
  for (const { t, gondola, shelf, plate, samples_g: samples } of lines(gunzipSync(readFileSync(SHELF!)).toString())) {
    const id = `G${gondola}/${100 * shelf + plate}`
    const cell = plates.get(id) ?? { scale: oneScale(), plateau: newPlateau() }
    plates.set(id, cell)
    const { scale, plateau } = cell
    const sigmaGrams = sigmaOf(scale.state.noise)
    scale.thresholdGrams = thresholdGrams({ ceilingGrams: 30, lightestGrams: lightest.get(id) ?? null, sigmaGrams })
    const run = { samples, firstMs: t * 1000, rateHz: 60, toleranceGrams: sampleToleranceGrams(scale.thresholdGrams) }
    for (const { grams, atMs, startedMs } of feed(plateau, { ...run, baselineGrams: scale.state.baseline }))
      scale.reads(grams, {
        atMs,
        startedMs,
        gapMs: scale.state.readAtMs === null ? 0 : atMs - scale.state.readAtMs,
        isSure: true
      })
  }
  assert.equal(plates.size, 278)
  const picks = [...plates].flatMap(([id, { scale }]) => scale.live().map((row) => ({ id, row })))
  assert.deepEqual(
    picks.map(({ id, row }) => [id, Math.round((row.grams + 623) / 10)]),
    [['G1/511', 0]],
    JSON.stringify(picks)
  )
  const { grams, occurredMs } = picks[0]!.row
  assert(Math.abs(grams + 623) <= 5, `${grams} g`)
  const [event] = json('aifi/benchmark-1/ground_truth.json').events
  assert(Math.abs(occurredMs / 1000 - event.t) <= event.t_uncertainty_s + 0.2, `at ${occurredMs / 1000}, not ${event.t}`)
})

type Facing = { gondola: number; shelf: number; plates: number[]; weight_g: number | null }
/** The lightest product of each plate; nothing a shop sells weighs under 10 g. */
function lightestByPlate(): Map<string, number> {
  const lightest = new Map<string, number>()
  const facings: Facing[] = json('aifi/benchmark-1/planogram.json')
  for (const { gondola, shelf, plates, weight_g: grams } of facings) {
    for (const plate of grams === null || grams < 10 ? [] : plates) {
      const id = `G${gondola}/${100 * shelf + plate}`
      lightest.set(id, Math.min(grams!, lightest.get(id) ?? grams!))
    }
  }
  return lightest
}
