/**
 * What the box remembers of each machine between messages. The database is the truth: this is read from it at the start, runs ahead of
 * it only until the commit in flight, and is thrown away and read again when a commit fails.
 */
import { NEW_SCALE, type ScaleState, type Tools } from './detector.ts'
import { type DeviceClock, UNSET_CLOCK } from './device-clock.ts'
import type { Faint } from './faint.ts'
import { sigmaOf } from './noise.ts'
import type { Plateau } from './plateau.ts'
import { thresholdGrams } from './rules.ts'
import { type Sequence, UNBOOTED } from './sequence.ts'

/** A change still unsettled when a machine session was cut: what becomes of it moves the weight at the cut. */
export type Boundary = { rowId: string; closedSessionId: string; openedSessionId: string }
export type ScaleMemory = {
  scaleId: string
  state: ScaleState
  lightestGrams: number | null
  thresholdGrams: number
  isDisabled: boolean
  /** Its row is in the database. */
  isStored: boolean
  plateau: Plateau | null
  /** What it felt below its threshold; null: not heard in this process. */
  faint: Faint | null
  /** When the last reading came, by the clock that does not jump; null: not in this process. */
  monoMs: number | null
  trustedMs: number | null
  sampledMonoMs: number | null
  /** Oldest first: a change may stay unsettled over several cuts. */
  boundaries: Boundary[]
  /** A tare is on its way: until it is answered, readings say nothing. */
  isTaring: boolean
  /** The weight a tare did away with, until the first reading after it. */
  taredFromGrams: number | null
}
export type MachineMemory = {
  machineId: string
  sessionId: string
  sessionStartedMs: number
  sessionStartedMonoMs: number | null
  scales: Map<string, ScaleMemory>
  lightest: Map<string, number>
  sequence: Sequence
  clock: DeviceClock
  usualIntervalMs: number | null
  /** Receive time of the last message of any kind; the monotonic ones are null until one came in this process. */
  lastSeenMs: number | null
  lastSeenMonoMs: number | null
  lastBeatMonoMs: number | null
  /** Since when this process could have heard it. */
  listeningMonoMs: number
  isOnline: boolean
  /** An open alarm says that it is offline. */
  isAlarmed: boolean
  /** Heartbeats of the running machine session that are not in the database yet. */
  seen: number
  missed: number
  isUnflushed: boolean
  /** Resolves when everything this machine's messages changed so far is durable; null when it is. */
  unwritten: Promise<void> | null
  /** Ids of the machine's own changes that were taken lately: those in flight are in no table yet. */
  changeIds: Set<string>
}

export function newScale(machine: MachineMemory, scaleId: string, ceilingGrams: number): ScaleMemory {
  const lightestGrams = machine.lightest.get(scaleId) ?? null
  return {
    scaleId,
    state: NEW_SCALE,
    lightestGrams,
    thresholdGrams: thresholdGrams({ ceilingGrams, lightestGrams, sigmaGrams: 0 }),
    isDisabled: false,
    isStored: false,
    plateau: null,
    faint: null,
    monoMs: null,
    trustedMs: null,
    sampledMonoMs: null,
    boundaries: [],
    isTaring: false,
    taredFromGrams: null
  }
}

export function newMachine(
  machineId: string,
  { sessionId, startedMs, listeningMonoMs = 0 }: { sessionId: string; startedMs: number; listeningMonoMs?: number }
): MachineMemory {
  return {
    machineId,
    sessionId,
    sessionStartedMs: startedMs,
    sessionStartedMonoMs: null,
    scales: new Map(),
    lightest: new Map(),
    sequence: UNBOOTED,
    clock: UNSET_CLOCK,
    usualIntervalMs: null,
    lastSeenMs: null,
    lastSeenMonoMs: null,
    lastBeatMonoMs: null,
    listeningMonoMs,
    isOnline: false,
    isAlarmed: false,
    seen: 0,
    missed: 0,
    isUnflushed: false,
    unwritten: null,
    changeIds: new Set()
  }
}

/** The scale's threshold as its noise stands now. */
export function retune(scale: ScaleMemory, ceilingGrams: number): void {
  scale.thresholdGrams = thresholdGrams({
    ceilingGrams,
    lightestGrams: scale.lightestGrams,
    sigmaGrams: sigmaOf(scale.state.noise)
  })
}

export type Gap = { atMs: number; isTrusted: boolean; monoMs: number }

/**
 * Milliseconds since the scale's last reading. The device's own clock tells it where it was trusted both times (a backlog arrives all at
 * once), else the receive times by the monotonic clock, else (after a restart) what the database remembers.
 */
export function gapSince(scale: ScaleMemory, { atMs, isTrusted, monoMs }: Gap): number {
  if (isTrusted && scale.trustedMs !== null && scale.monoMs !== null) return Math.max(0, atMs - scale.trustedMs)
  if (scale.monoMs !== null) return Math.max(0, monoMs - scale.monoMs)
  return scale.state.readAtMs === null ? 0 : Math.max(0, atMs - scale.state.readAtMs)
}

export const toolsFor = (scale: ScaleMemory, newId: () => string): Tools => ({ thresholdGrams: scale.thresholdGrams, newId })
