/** What arrived together and is written together: rows, corrections, states and events of one commit, folded so that each row is written once. */
import type { EventName, Events } from '#contracts/events.ts'
import type { Effect, RowRef } from './detector.ts'
import type { Boundary, MachineMemory, ScaleMemory } from './memory.ts'
import type { MessageHead } from './messages.ts'

export type ChangeSource = 'heartbeat' | 'samples' | 'device'
export type ChangeRow = {
  id: string
  machineId: string
  scaleId: string
  /** Signed: negative left the scale. */
  grams: number
  before: number | null
  after: number | null
  occurredAt: Date
  occurredFrom: Date
  receivedAt: Date
  machineSessionId: string
  source: ChangeSource
  settled: boolean
  foundLate: boolean
  version: number
  withdrawn: boolean
  bootEpoch: number | null
  seq: number | null
  deviceChangeId: string | null
}
export type ChangeUpdate = Pick<
  ChangeRow,
  'id' | 'machineId' | 'scaleId' | 'grams' | 'before' | 'after' | 'settled' | 'version' | 'withdrawn'
> & {
  claimed: { deviceChangeId: string | null } | null
}
/** One version of one change, for weight.log: with when it happened, when it was received, and what the message was. */
export type LoggedChange = ChangeUpdate & Pick<ChangeRow, 'occurredAt' | 'receivedAt' | 'foundLate' | 'source'>
/** A shift too small to be a change. */
export type ShiftRow = { machineId: string; scaleId: string; before: number; after: number; occurredAt: Date }
export type BoundaryMove = Boundary & { scaleId: string; grams: number }
export type HouseEvent = { name: EventName; payload: string }
/** Which message an effect comes from. */
export type From = { source: ChangeSource; receivedMs: number; seq: number | null; deviceChangeId: string | null }
/** Where an effect comes from: what its row needs beside the grams. */
export type Origin = From & { machine: MachineMemory; scale: ScaleMemory }

export const fromMessage = ({ receivedMs, seq }: MessageHead, source: ChangeSource): From => ({
  source,
  receivedMs,
  seq,
  deviceChangeId: null
})

export class Batch {
  readonly inserts = new Map<string, ChangeRow>()
  readonly updates = new Map<string, ChangeUpdate>()
  readonly moves: BoundaryMove[] = []
  readonly machines = new Set<MachineMemory>()
  /** Those whose heartbeats are added to their machine session. */
  readonly counted = new Set<MachineMemory>()
  readonly scales = new Map<ScaleMemory, MachineMemory>()
  readonly openings: { sessionId: string; scaleId: string; grams: number }[] = []
  readonly shifts: ShiftRow[] = []
  readonly events: HouseEvent[] = []
  readonly changed: LoggedChange[] = []
  messages = 0
  readonly #done = Promise.withResolvers<void>()

  constructor() {
    this.#done.promise.catch(() => {}) // whoever waits hears of a failure; nobody waiting is no crash
  }

  get promise(): Promise<void> {
    return this.#done.promise
  }
  get isEmpty(): boolean {
    return this.inserts.size + this.updates.size + this.scales.size + this.machines.size + this.events.length === 0
  }
  resolve(): void {
    this.#done.resolve()
  }
  reject(error: unknown): void {
    this.#done.reject(error)
  }

  emit<N extends EventName>(name: N, payload: Events[N]): void {
    this.events.push({ name, payload: JSON.stringify(payload) })
  }

  /** Takes a shift below the threshold; told of once for each machine and batch. */
  addShift(row: ShiftRow): void {
    const { machineId, occurredAt } = row
    const isTold = this.shifts.some((told) => told.machineId === machineId)
    this.shifts.push(row)
    if (!isTold) this.emit('shelf.stirred', { machineId, occurredAt: occurredAt.toISOString() })
  }

  /** Takes what the detector decided for one scale. */
  add(effect: Effect, origin: Origin): void {
    if (effect.kind === 'record') this.#record(effect, origin)
    else this.#revise(effect, origin)
  }

  #record(effect: Effect & { kind: 'record' }, { machine, scale, source, receivedMs, seq, deviceChangeId }: Origin): void {
    const row: ChangeRow = {
      id: effect.row.rowId,
      machineId: machine.machineId,
      scaleId: scale.scaleId,
      grams: effect.grams,
      before: effect.before,
      after: effect.after,
      occurredAt: new Date(effect.row.occurredMs),
      occurredFrom: new Date(Math.min(effect.row.fromMs, effect.row.occurredMs)),
      receivedAt: new Date(receivedMs),
      machineSessionId: machine.sessionId,
      source,
      settled: effect.settled,
      foundLate: effect.row.foundLate,
      version: 1,
      withdrawn: false,
      bootEpoch: seq === null ? null : machine.sequence.epoch,
      seq,
      deviceChangeId
    }
    this.inserts.set(row.id, row)
    this.changed.push({ ...row, claimed: null })
    this.emit('weight-change.recorded', facts(row))
  }

  #revise(effect: Effect & { kind: 'correct' | 'withdraw' }, origin: Origin): void {
    const { scale } = origin
    const id = effect.row.rowId
    const claimed = effect.kind === 'correct' && effect.isClaim ? { deviceChangeId: origin.deviceChangeId } : null
    const known = this.inserts.get(id)
    const update: ChangeUpdate =
      effect.kind === 'withdraw'
        ? {
            id,
            machineId: origin.machine.machineId,
            scaleId: scale.scaleId,
            grams: 0,
            before: null,
            after: null,
            settled: true,
            version: effect.version,
            withdrawn: true,
            claimed
          }
        : {
            id,
            machineId: origin.machine.machineId,
            scaleId: scale.scaleId,
            grams: effect.grams,
            before: effect.before,
            after: effect.after,
            settled: effect.settled,
            version: effect.version,
            withdrawn: false,
            claimed
          }
    this.changed.push({
      ...{ ...update, source: origin.source, receivedAt: new Date(origin.receivedMs) },
      ...{ occurredAt: new Date(effect.row.occurredMs), foundLate: effect.row.foundLate }
    })
    if (known) Object.assign(known, update, claimed && { source: 'device', deviceChangeId: claimed.deviceChangeId })
    else this.updates.set(id, update)
    const ref = { ...update, ...times(effect.row), source: claimed ? ('device' as const) : origin.source }
    if (effect.kind === 'withdraw') this.emit('weight-change.withdrawn', reference(ref))
    else this.emit('weight-change.corrected', facts(ref))
  }
}

const times = (row: RowRef) => ({
  occurredAt: new Date(row.occurredMs),
  occurredFrom: new Date(row.fromMs),
  foundLate: row.foundLate
})

type Told = Pick<
  ChangeRow,
  'id' | 'machineId' | 'scaleId' | 'version' | 'occurredAt' | 'occurredFrom' | 'grams' | 'settled' | 'foundLate' | 'source'
>

function reference(row: Told): Events['weight-change.withdrawn'] {
  const { machineId, scaleId, version } = row
  return {
    weightChangeId: row.id,
    machineId,
    scaleId,
    version,
    occurredAt: row.occurredAt.toISOString(),
    occurredFrom: row.occurredFrom.toISOString()
  }
}

function facts(row: Told): Events['weight-change.recorded'] {
  const { grams, settled, foundLate, source } = row
  return { ...reference(row), status: grams < 0 ? 'PICKED' : 'PLACED', grams: Math.abs(grams), settled, foundLate, source }
}
