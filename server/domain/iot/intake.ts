/**
 * The intake: every device message of every machine passes here, one after the other, against what is remembered of that machine. What it
 * changes goes into the batch being collected; the answer waits for that batch's commit. A message that changes nothing costs no commit.
 */
import type { Context } from '#server/context.ts'
import { NotFound } from '#server/platform/errors.ts'
import { newId } from '#server/platform/ids.ts'
import type { LogFile } from '#server/platform/log-file.ts'
import { type Batch, type From, fromMessage } from './batch.ts'
import { ownConnection, writeBatch } from './batch-write.ts'
import { moveBoundaries, openBooks } from './boundary.ts'
import { Commits } from './commits.ts'
import { type Effect, read, type ScaleState, STANDS_AFTER_MS, stand } from './detector.ts'
import { takeChange } from './device-change.ts'
import { changeTimeOf, DOUBTED_CLOCK, timeOf } from './device-clock.ts'
import { failureTeller } from './failures.ts'
import { feel } from './feel.ts'
import { figuresOf } from './figures.ts'
import { isKnownChange, rememberChange } from './known-changes.ts'
import { checkRoom, checkWeight, named } from './limits.ts'
import { gapSince, type MachineMemory, newScale, retune, type ScaleMemory, toolsFor } from './memory.ts'
import { loadMachines } from './memory-load.ts'
import type { ChangeMessage, Durable, HeartbeatMessage, MessageHead, SamplesMessage } from './messages.ts'
import { feed, newPlateau } from './plateau.ts'
import { missedWithin, sampleToleranceGrams, silenceAllowedMs, usualIntervalAfter } from './rules.ts'
import { accept } from './sequence.ts'
import { logLine } from './weight-log.ts'

type When = { atMs: number; isTrusted: boolean; monoMs: number }
type Settled = { grams: number; swingGrams: number | null; startedMs?: number; isSure: boolean }
/** Samples speak for a scale; heartbeats of the same moment would only repeat them, less exactly. */
const SAMPLES_SPEAK_MS = 2000

export class Intake {
  readonly commits: Commits
  machines = new Map<string, MachineMemory>()
  /** SHA-256 of each device key, in hex → machineId. */
  keys = new Map<string, string>()
  readonly #ctx: Context
  readonly #weightLog: LogFile | null
  readonly #figures
  readonly #connection
  #leaps = 0

  constructor(ctx: Context, weightLog: LogFile | null) {
    this.#ctx = ctx
    this.#weightLog = weightLog
    this.#figures = figuresOf(ctx)
    this.#connection = ownConnection(ctx.pool)
    const tell = failureTeller(ctx)
    this.commits = new Commits({
      reload: async () => void Object.assign(this, await loadMachines(ctx)),
      write: (batch) => this.#write(batch),
      written: (batch) => this.#written(batch),
      failed: (batch, error) => {
        this.#figures.failed.inc()
        return tell(batch, error)
      }
    })
  }

  /** Takes a heartbeat. Throws NotFound for an unknown machine. */
  heartbeat(message: HeartbeatMessage): Durable {
    return this.commits.take(() => this.#heartbeat(message))
  }

  #heartbeat(message: HeartbeatMessage): Durable {
    const known = this.#known(message.machineId)
    checkRoom(known, message.readings)
    const taken = this.#open('heartbeat', message)
    if (!taken) return known.unwritten
    const { machine, when } = taken
    const origin = { ...when, ...fromMessage(message, 'heartbeat') }
    for (const { scaleId, grams, swingGrams } of message.readings) {
      const scale = machine.scales.get(scaleId) ?? this.#addScale(machine, scaleId)
      const isSampled = scale.sampledMonoMs !== null && when.monoMs - scale.sampledMonoMs < SAMPLES_SPEAK_MS
      if (scale.isDisabled || scale.isTaring || isSampled) continue
      this.#read({ machine, scale }, { grams, swingGrams, isSure: false }, origin)
    }
    return this.#close(machine)
  }

  /** Takes raw samples (grams, oldest first). */
  samples(message: SamplesMessage): Durable {
    return this.commits.take(() => this.#samples(message))
  }

  #samples(message: SamplesMessage): Durable {
    const known = this.#known(message.machineId)
    checkRoom(known, named(Object.keys(message.scales)))
    const taken = this.#open('samples', message)
    if (!taken) return known.unwritten
    const { machine, when } = taken
    for (const [scaleId, samples] of Object.entries(message.scales)) {
      const scale = machine.scales.get(scaleId) ?? this.#addScale(machine, scaleId)
      if (scale.isDisabled || scale.isTaring) continue
      scale.plateau ??= newPlateau()
      scale.sampledMonoMs = when.monoMs
      const run = { samples, firstMs: when.atMs - message.durationMs, rateHz: message.rateHz }
      const measures = { toleranceGrams: sampleToleranceGrams(scale.thresholdGrams), baselineGrams: scale.state.baseline }
      for (const level of feed(scale.plateau, { ...run, ...measures })) {
        const levelAt = { atMs: level.atMs, isTrusted: when.isTrusted, monoMs: when.monoMs + (level.atMs - when.atMs) }
        this.#read(
          { machine, scale },
          { grams: level.grams, startedMs: level.startedMs, swingGrams: null, isSure: true },
          { ...levelAt, ...fromMessage({ ...message, seq: null }, 'samples') }
        )
      }
    }
    return this.#close(machine)
  }

  /** Takes a change that the machine settled itself: once by its id, or by (bootId, seq); with neither it is new. */
  async change(message: ChangeMessage): Promise<void> {
    const { machineId, bootId, seq } = message
    const changeId = message.changeId ?? (seq === null ? null : `${bootId ?? ''}#${seq}`)
    await this.commits.ready()
    const isOld = changeId !== null && (await isKnownChange(this.#ctx.pool, this.#known(machineId), changeId))
    await this.commits.take(() => this.#change({ ...message, changeId }, isOld))
  }

  #change({ machineId, scaleId, grams, receivedMs, changeId, deviceMs }: ChangeMessage, isOld: boolean): Durable {
    const machine = this.#known(machineId)
    if (isOld || (changeId !== null && machine.changeIds.has(changeId))) {
      this.#figures.change.old.inc()
      return machine.unwritten
    }
    checkWeight(machine.scales.get(scaleId), grams)
    checkRoom(machine, named([scaleId]))
    this.#figures.change.counted.inc()
    this.#seen(machine, receivedMs, false)
    const scale = machine.scales.get(scaleId) ?? this.#addScale(machine, scaleId)
    if (!scale.isDisabled) {
      const change = { rowId: newId(), grams, atMs: changeTimeOf(machine.clock, deviceMs, receivedMs) }
      const from: From = { source: 'device', receivedMs, seq: null, deviceChangeId: changeId }
      if (changeId !== null) rememberChange(machine, changeId)
      this.#take({ machine, scale }, takeChange(scale.state, change, toolsFor(scale, newId)), from)
    }
    return this.#close(machine)
  }

  /** Rows still unsettled on the scales that are meant stand as they are. Returns how many. */
  async stand(isMeant: (machine: MachineMemory, scale: ScaleMemory) => boolean): Promise<number> {
    await this.commits.ready()
    const from: From = { source: 'heartbeat', receivedMs: this.#ctx.clock.now().getTime(), seq: null, deviceChangeId: null }
    let standing = 0
    for (const machine of this.machines.values()) {
      for (const scale of machine.scales.values()) {
        if (!scale.state.pending || !isMeant(machine, scale)) continue
        this.#take({ machine, scale }, stand(scale.state), from)
        standing += 1
      }
    }
    if (standing > 0 || this.commits.collecting.shifts.length > 0) await this.commits.soon()
    return standing
  }

  /** Rows that no further reading confirmed for 10 s stand as they are. Returns how many. */
  settleOverdue(): Promise<number> {
    const { clock } = this.#ctx
    const silentMs = ({ monoMs, state }: ScaleMemory) =>
      monoMs === null ? clock.now().getTime() - (state.readAtMs ?? 0) : clock.monotonicMs() - monoMs
    return this.stand((_machine, scale) => silentMs(scale) >= STANDS_AFTER_MS)
  }

  /** Adds to the batch being collected (presence, flushes) and waits until it is durable. */
  async write(fill: (batch: Batch) => void): Promise<void> {
    await this.commits.ready()
    fill(this.commits.collecting)
    if (!this.commits.collecting.isEmpty) await this.commits.soon()
  }

  /** Writes down what is only remembered: who was heard when, where baselines crept to. */
  async flush({ withScales }: { withScales: boolean }): Promise<void> {
    if (!this.commits.isOpen) return
    await this.write((batch) => {
      for (const machine of this.machines.values()) {
        if (!machine.isUnflushed) continue
        batch.machines.add(machine)
        batch.counted.add(machine)
        for (const scale of withScales ? machine.scales.values() : []) if (scale.monoMs !== null) batch.scales.set(scale, machine)
      }
    })
  }

  /** Finishes what was taken, writes down the rest, closes the log. */
  async stop(): Promise<void> {
    await this.flush({ withScales: true }).catch((err: unknown) =>
      this.#ctx.log.warn({ err }, 'the last readings were not written down')
    )
    await this.#weightLog?.close()
    await this.#connection.end()
  }

  #known(machineId: string): MachineMemory {
    const { leaps = 0 } = this.#ctx.clock // the clock of the box was set: how far off those of the devices are is not known any more
    if (leaps !== this.#leaps) for (const one of this.machines.values()) one.clock = DOUBTED_CLOCK
    this.#leaps = leaps
    const machine = this.machines.get(machineId)
    if (!machine) throw new NotFound('machine', machineId)
    return machine
  }

  /** Order and time of a message; null when it is old or a duplicate and must change nothing. */
  #open(kind: 'heartbeat' | 'samples', message: MessageHead): { machine: MachineMemory; when: When } | null {
    const machine = this.#known(message.machineId)
    const monoMs = this.#ctx.clock.monotonicMs()
    const silentMs =
      machine.lastSeenMonoMs === null ? message.receivedMs - (machine.lastSeenMs ?? 0) : monoMs - machine.lastSeenMonoMs
    const sequence = accept(machine.sequence, message, silentMs)
    this.#figures[kind][sequence ? 'counted' : 'old'].inc()
    if (!sequence) return null
    machine.sequence = sequence
    this.#seen(machine, message.receivedMs, kind === 'heartbeat')
    const { clock, occurredMs, isTrusted } = timeOf(machine.clock, message.deviceMs, message.receivedMs)
    machine.clock = clock
    return { machine, when: { atMs: occurredMs, isTrusted, monoMs } }
  }

  #seen(machine: MachineMemory, receivedMs: number, isHeartbeat: boolean): void {
    const monoMs = this.#ctx.clock.monotonicMs()
    if (isHeartbeat) {
      const gapMs = machine.lastBeatMonoMs === null ? 0 : monoMs - machine.lastBeatMonoMs
      machine.missed += missedWithin(gapMs, machine.usualIntervalMs)
      machine.usualIntervalMs = usualIntervalAfter(machine.usualIntervalMs, gapMs)
      machine.lastBeatMonoMs = monoMs
      machine.seen += 1
    }
    machine.lastSeenMonoMs = monoMs
    machine.lastSeenMs = receivedMs
    machine.isUnflushed = true
    if (machine.isOnline) return
    machine.isOnline = true
    this.commits.collecting.emit('machine.online', { machineId: machine.machineId })
    this.commits.collecting.machines.add(machine)
  }

  #addScale(machine: MachineMemory, scaleId: string): ScaleMemory {
    const scale = newScale(machine, scaleId, this.#ctx.config.changeThresholdGrams)
    machine.scales.set(scaleId, scale)
    this.commits.collecting.scales.set(scale, machine)
    this.commits.collecting.machines.add(machine)
    return scale
  }

  #read(at: At, settled: Settled, origin: When & From): void {
    const { machine, scale } = at
    const gapMs = gapSince(scale, origin)
    const isLate = scale.state.baseline !== null && (scale.monoMs === null || gapMs > silenceAllowedMs(machine.usualIntervalMs))
    const isFirst = scale.state.baseline === null
    const { grams, swingGrams, isSure, startedMs } = settled
    const reading = { grams, swingGrams, isSure, startedMs, atMs: origin.atMs, gapMs, isLate }
    const step = read(scale.state, reading, toolsFor(scale, newId))
    if (isFirst) openBooks(this.commits.collecting, { machine, scale, grams })
    this.#take(at, step, origin)
    feel(this.commits.collecting, at, reading)
    scale.monoMs = origin.monoMs
    scale.trustedMs = origin.isTrusted ? origin.atMs : null
    retune(scale, this.#ctx.config.changeThresholdGrams)
  }

  #take({ machine, scale }: At, step: { state: ScaleState; effects: Effect[] }, from: From): void {
    const before = scale.state
    scale.state = step.state
    if (step.effects.length === 0) return
    const batch = this.commits.collecting
    for (const effect of step.effects) {
      batch.add(effect, { machine, scale, ...from })
      moveBoundaries(batch, scale, { effect, before })
    }
    batch.scales.set(scale, machine)
    batch.machines.add(machine)
  }

  #close(machine: MachineMemory): Durable {
    this.commits.collecting.messages += 1
    if (this.commits.collecting.machines.has(machine)) machine.unwritten = this.commits.soon()
    return machine.unwritten
  }

  async #write(batch: Batch): Promise<void> {
    const startedMs = performance.now()
    const writing = writeBatch(this.#connection, batch, this.#ctx.clock.now())
    for (const machine of batch.counted) Object.assign(machine, { seen: 0, missed: 0, isUnflushed: false })
    await writing
    this.#figures.commit.observe((performance.now() - startedMs) / 1000)
  }

  #written(batch: Batch): void {
    for (const machine of batch.machines) if (machine.unwritten === batch.promise) machine.unwritten = null
    for (const scale of batch.scales.keys()) scale.isStored = true
    this.#figures.batch.observe(batch.messages)
    this.#figures.changes.inc(batch.changed.length)
    for (const row of batch.changed) this.#weightLog?.write(logLine(row))
    if (batch.events.length > 0) this.#ctx.events.nudge()
  }
}

type At = { machine: MachineMemory; scale: ScaleMemory }
