/** One scale before the detector: takes readings and changes, keeps the rows as the database would, and holds every effect against what rows promise. */
import assert from 'node:assert/strict'
import { type Effect, NEW_SCALE, type Reading, read, type ScaleState, stand } from '#server/domain/iot/detector.ts'
import { takeChange } from '#server/domain/iot/device-change.ts'

export type Row = {
  rowId: string
  grams: number
  version: number
  isSettled: boolean
  isWithdrawn: boolean
  fromMs: number
  occurredMs: number
  foundLate: boolean
}
type Told = Partial<Reading> & { afterMs?: number }

const START_MS = Date.UTC(2026, 0, 1, 12)

/** A scale with a threshold of 30 g that has read nothing yet. Time passes only as it is told: a second between readings unless they say. */
export function oneScale({ thresholdGrams = 30 } = {}) {
  const scale = {
    state: NEW_SCALE as ScaleState,
    thresholdGrams,
    nowMs: START_MS,
    rows: new Map<string, Row>(),

    /** Takes readings one after the other; the last argument may say how. */
    reads(grams: number, { afterMs = 1000, ...told }: Told = {}): Effect[] {
      scale.nowMs += afterMs
      return keep(read(scale.state, { grams, atMs: scale.nowMs, gapMs: afterMs, isSure: false, isLate: false, ...told }, tools()))
    },
    readsAll(grams: number[], told: Told = {}): void {
      for (const each of grams) scale.reads(each, told)
    },
    /** A change that the machine settled, `agoMs` before now. */
    changes(grams: number, { agoMs = 0 } = {}): Effect[] {
      return keep(takeChange(scale.state, { rowId: nextId(), grams, atMs: scale.nowMs - agoMs }, tools()))
    },
    stands: (): Effect[] => keep(stand(scale.state)),

    /** The rows that count, in the order they were made. */
    live: (): Row[] => [...scale.rows.values()].filter((row) => !row.isWithdrawn),
    grams: (): number[] => scale.live().map((row) => row.grams),
    sum: (): number => scale.grams().reduce((sum, grams) => sum + grams, 0)
  }
  let made = 0
  const nextId = () => `row ${++made}`
  const tools = () => ({ thresholdGrams: scale.thresholdGrams, newId: nextId })

  function keep(step: { state: ScaleState; effects: Effect[] }): Effect[] {
    scale.state = step.state
    for (const effect of step.effects) take(scale.rows, effect)
    return step.effects
  }
  return scale
}

function take(rows: Map<string, Row>, effect: Effect): void {
  const { rowId, ...times } = effect.row
  const row = rows.get(rowId)
  assert(times.fromMs <= times.occurredMs, 'a change happened no later than it ended')
  if (effect.kind === 'record') assert.equal(row, undefined, `${rowId} is recorded once`)
  if (effect.kind !== 'withdraw' && effect.before !== null)
    assert(effect.after === effect.before + effect.grams, `${rowId}: after = before + grams`)
  if (effect.kind === 'record')
    return void rows.set(rowId, {
      rowId,
      ...times,
      grams: effect.grams,
      version: 1,
      isSettled: effect.settled,
      isWithdrawn: false
    })
  assert(row, `${rowId} was recorded before it is revised`)
  assert(!row.isWithdrawn, `${rowId} was withdrawn and is left alone`)
  assert(effect.version > row.version, `${rowId}: version ${effect.version} comes after ${row.version}`)
  assert.deepEqual(times, { fromMs: row.fromMs, occurredMs: row.occurredMs, foundLate: row.foundLate }, `${rowId} keeps its time`)
  row.version = effect.version
  if (effect.kind === 'withdraw') row.isWithdrawn = true
  else Object.assign(row, { grams: effect.grams, isSettled: effect.settled })
}
