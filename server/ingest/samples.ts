/** Raw load-cell samples (grams), over MQTT. */
import type { Context } from '#server/context.ts'
import { type Durable, recordSamples } from '#server/domain/iot/actions.ts'
import { Invalid } from '#server/platform/errors.ts'
import { readTime } from '#server/platform/local-time.ts'
import { object } from '#server/platform/untrusted.ts'
import { readId, readOrder } from './heartbeat.ts'
import type { DeviceMessage } from './index.ts'

const MAX_GRAMS = 10_000_000
const MAX_SAMPLES = 10_000

/** Takes one message of samples. Throws Invalid naming the field; else as recordSamples. */
export function handleSamples(ctx: Context, { deviceId, body, receivedMs }: DeviceMessage): Durable {
  const { at, rateHz, scales, ...rest } = object(body, 'body')
  if (typeof rateHz !== 'number' || !(rateHz >= 1 && rateHz <= 1000))
    throw new Invalid('rateHz', 'must be a number from 1 to 1000')
  const entries = Object.entries(object(scales, 'scales'))
  if (entries.length === 0) throw new Invalid('scales', 'must name a scale')
  for (const [scaleId, samples] of entries) checkSamples(scaleId, samples)
  const checked = scales as Record<string, (number | null)[]>
  const durationMs = (Math.max(...Object.values(checked).map((samples) => samples.length)) * 1000) / rateHz
  const startMs = typeof at === 'string' ? readTime(at, ctx.config.timeZone) : null
  const deviceMs = startMs === null ? null : startMs + durationMs
  return recordSamples(ctx, {
    machineId: deviceId!,
    receivedMs,
    deviceMs,
    ...readOrder(rest),
    rateHz,
    durationMs,
    scales: checked
  })
}

function checkSamples(scaleId: string, samples: unknown): void {
  readId(scaleId, `scales/${scaleId.slice(0, 64)}`)
  if (!Array.isArray(samples) || samples.length > MAX_SAMPLES)
    throw new Invalid(`scales/${scaleId}`, `must be a list of at most ${MAX_SAMPLES} samples`)
  const wrong = samples.findIndex((grams) => grams !== null && !(typeof grams === 'number' && Math.abs(grams) <= MAX_GRAMS))
  if (wrong >= 0) throw new Invalid(`scales/${scaleId}/${wrong}`, 'must be grams or null')
}
