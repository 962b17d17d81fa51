/** What the ingest room hands over: device messages, checked and in grams and milliseconds. */

export type MessageHead = {
  machineId: string
  receivedMs: number
  deviceMs: number | null
  bootId: string | null
  seq: number | null
}
export type ScaleReading = { scaleId: string; grams: number; swingGrams: number | null }
export type HeartbeatMessage = MessageHead & { readings: ScaleReading[] }
/** `deviceMs` is the end of the run, `durationMs` its length. */
export type SamplesMessage = MessageHead & { rateHz: number; durationMs: number; scales: Record<string, (number | null)[]> }
export type ChangeMessage = MessageHead & { changeId: string | null; scaleId: string; grams: number }
/** Null: durable already. A promise: resolves once durable, or throws Unavailable or NoSpace. */
export type Durable = Promise<void> | null
