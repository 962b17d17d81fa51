/** A machine's answer to a command, over MQTT. */
import type { Context } from '#server/context.ts'
import { answerCommand } from '#server/domain/iot/actions.ts'
import { Invalid } from '#server/platform/errors.ts'
import { object, readText } from '#server/platform/untrusted.ts'
import type { DeviceMessage } from './index.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Takes one answer; one that belongs to no waiting command of this machine changes nothing. Throws Invalid naming the field. */
export async function handleCommandAck(ctx: Context, { deviceId, body }: DeviceMessage): Promise<void> {
  const { id, ok, reason } = object(body, 'body')
  if (typeof id !== 'string' || !UUID.test(id)) throw new Invalid('id', 'must be the id of the command')
  if (typeof ok !== 'boolean') throw new Invalid('ok', 'must be true or false')
  await answerCommand(ctx, { machineId: deviceId!, id, ok, reason: readText(reason, 'reason', { min: 0, max: 500 }) })
}
