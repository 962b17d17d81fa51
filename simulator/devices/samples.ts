/** A machine's raw samples: what its load cells read at 60 Hz, twelve to a message. */
import { type Samples, samplesTopic } from '#contracts/device/samples.ts'
import type { DeviceLine } from '#simulator/line.ts'
import { deviceTime, type Machine, nextOrder } from '#simulator/machine.ts'
import { readGrams, SAMPLE_HZ } from '#simulator/shelf.ts'

export const SAMPLES_A_MESSAGE = 12
export const SAMPLES_EVERY_MS = (SAMPLES_A_MESSAGE * 1000) / SAMPLE_HZ

/** The samples that ended at `toMs`. */
export function samplesOf(machine: Machine, { toMs, startMs }: { toMs: number; startMs: number }): Samples {
  const fromMs = toMs - SAMPLES_EVERY_MS
  const times = Array.from({ length: SAMPLES_A_MESSAGE }, (_, n) => fromMs + (n * 1000) / SAMPLE_HZ)
  const read = (index: number) => times.map((ms) => Math.round(readGrams(machine.shelf, index, ms) * 10) / 10)
  const scales = Object.fromEntries(machine.shelf.scales.map(({ scaleId }, index) => [scaleId, read(index)]))
  return { at: deviceTime(machine, fromMs, startMs).toISOString(), rateHz: SAMPLE_HZ, scales, ...nextOrder(machine) }
}

export function sendSamples(line: DeviceLine, body: Samples): void {
  line.publish(samplesTopic(line.storeId, line.deviceId), body)
}
