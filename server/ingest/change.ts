/** A weight change that the machine settled itself, over MQTT. */
import type { Context } from '#server/context.ts'
import { recordChange } from '#server/domain/iot/actions.ts'
import { Invalid } from '#server/platform/errors.ts'
import { readTime } from '#server/platform/local-time.ts'
import { object, readId, readOrder } from './heartbeat.ts'
import type { DeviceMessage } from './index.ts'

const MAX_GRAMS = 10_000_000

/** Takes one change. Throws Invalid naming the field; else as recordChange. */
export async function handleChange(ctx: Context, { deviceId, body, receivedMs }: DeviceMessage): Promise<void> {
  const { id = null, scaleId, grams, at, ...rest } = object(body, 'body')
  if (id !== null && (typeof id !== 'string' || id.length < 1 || id.length > 128 || id.includes('\0'))) throw new Invalid('id', 'must be text of 1 to 128 characters')
  if (typeof grams !== 'number' || !(Math.abs(grams) <= MAX_GRAMS)) throw new Invalid('grams', `must be a number within ±${MAX_GRAMS}`)
  const whole = Math.round(grams)
  if (whole === 0) throw new Invalid('grams', 'must not round to 0: negative picked, positive placed')
  const deviceMs = typeof at === 'string' ? readTime(at, ctx.config.timeZone) : null
  await recordChange(ctx, { machineId: deviceId!, receivedMs, deviceMs, ...readOrder(rest), changeId: id as string | null, scaleId: readId(scaleId, 'scaleId'), grams: whole })
}
