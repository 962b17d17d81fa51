/** When each machine speaks: heartbeats at its interval, samples five times a second, a change once hands are off a scale. */
import type { Change } from '#contracts/device/change.ts'
import { changeOf } from './devices/change.ts'
import { heartbeatOf } from './devices/heartbeat.ts'
import { SAMPLES_EVERY_MS, samplesOf } from './devices/samples.ts'
import { type Machine, tidyMachine } from './machine.ts'
import { after, type Draft, type Stage } from './stage.ts'

export function scheduleReports(stage: Stage): void {
  for (const machine of stage.machines) {
    const random = stage.random.fork(`${machine.spec.machineId}/reports`)
    const beat = (): Draft | undefined => {
      after(stage, machine.spec.intervalMs, beat)
      return heartbeat(stage, machine)
    }
    after(stage, random.range(50, 450), beat)
    if (machine.spec.reports === 'samples') scheduleSamples(stage, machine, random.range(300, 500))
    if (machine.spec.reports === 'changes') scheduleLooks(stage, machine)
  }
}

const isSilent = (stage: Stage, machine: Machine) => stage.ms < machine.silentUntilMs

function heartbeat(stage: Stage, machine: Machine): Draft | undefined {
  tidyMachine(machine, stage.ms)
  if (isSilent(stage, machine)) return undefined
  const span = { fromMs: stage.ms - machine.spec.intervalMs, toMs: stage.ms, startMs: stage.startMs }
  return { kind: 'heartbeat', deviceId: machine.spec.machineId, body: heartbeatOf(machine, span) }
}

function scheduleSamples(stage: Stage, machine: Machine, firstMs: number): void {
  const speak = (): Draft | undefined => {
    after(stage, SAMPLES_EVERY_MS, speak)
    if (isSilent(stage, machine)) return undefined
    return {
      kind: 'samples',
      deviceId: machine.spec.machineId,
      body: samplesOf(machine, { toMs: stage.ms, startMs: stage.startMs })
    }
  }
  after(stage, firstMs, speak)
}

/** The machine looks ten times a second at the scales where hands have been; what two scales have to tell, they tell one after the other. */
function scheduleLooks(stage: Stage, machine: Machine): void {
  const look = (): Draft | undefined => {
    after(stage, 100, look)
    const body = isSilent(stage, machine) ? null : firstChange(stage, machine)
    return body ? { kind: 'change', deviceId: machine.spec.machineId, body } : undefined
  }
  after(stage, 500, look)
}

function firstChange(stage: Stage, machine: Machine): Change | null {
  const isBack = stage.ms - machine.silentUntilMs < 1000
  for (const [index, scale] of machine.shelf.scales.entries()) {
    const change = isBack || scale.motions.length > 0 ? changeOf(machine, index, { ms: stage.ms, startMs: stage.startMs }) : null
    if (change) return change
  }
  return null
}

/** The machine says nothing for so long: unplugged, or cut off. Its scales go on. */
export function silence(stage: Stage, machineId: string, forMs: number): void {
  const machine = stage.machines.find((m) => m.spec.machineId === machineId)
  if (machine) machine.silentUntilMs = stage.ms + forMs
}
