/** A weight change that the machine settled itself, over MQTT. */
import type { Context } from '#server/context.ts'
import { recordChange } from '#server/domain/iot/actions.ts'
import { Invalid } from '#server/platform/errors.ts'
import { readTime } from '#server/platform/local-time.ts'
import { object, readText } from '#server/platform/untrusted.ts'
import { readId, readOrder } from './heartbeat.ts'
import type { DeviceMessage } from './index.ts'

const MAX_GRAMS = 10_000_000

/** Takes one change. Throws Invalid naming the field; else as recordChange. */
export async function handleChange(ctx: Context, { deviceId, body, receivedMs }: DeviceMessage): Promise<void> {
  const { id, scaleId, grams, at, ...rest } = object(body, 'body')
  const changeId = readText(id, 'id', { max: 128 })
  if (typeof grams !== 'number' || !(Math.abs(grams) <= MAX_GRAMS))
    throw new Invalid('grams', `must be a number within ±${MAX_GRAMS}`)
  const whole = Math.round(grams)
  if (whole === 0) throw new Invalid('grams', 'must not round to 0: negative picked, positive placed')
  const deviceMs = typeof at === 'string' ? readTime(at, ctx.config.timeZone) : null
  await recordChange(ctx, {
    machineId: deviceId!,
    receivedMs,
    deviceMs,
    ...readOrder(rest),
    changeId,
    scaleId: readId(scaleId, 'scaleId'),
    grams: whole
  })
}
