/** A code read by a scanner, over MQTT: an ENTRY scanner lets in, an EXIT scanner lets out; the answer goes to the scanner's result topic. */
import { Check } from 'typebox/value'
import type { DoorAnswer, RefusalReason } from '#contracts/api/entry.ts'
import { Scan, scanResultTopic } from '#contracts/device/scan.ts'
import type { Context } from '#server/context.ts'
import { leave } from '#server/domain/ticket/actions.ts'
import { answerOfRedelivery, enter, type KnownScanner, scannerById } from '#server/domain/user/actions.ts'
import { Invalid, NoSpace, NotFound, Refused, Unavailable } from '#server/platform/errors.ts'
import type { DeviceMessage } from './index.ts'

export type ScanMessage = KnownScanner & { payload: unknown; isDuplicate?: boolean }
const REDELIVERY_MS = 10_000

/**
 * Decides one scan. A scan that the sender says it sends again (MQTT's DUP), of a code that just succeeded at this scanner, is answered
 * as the first time; any other second presentation is `already-used`. Throws Invalid for what is no scan.
 */
export async function handleScan(
  ctx: Context,
  { scannerId, tag, payload, isDuplicate = false }: ScanMessage
): Promise<DoorAnswer> {
  if (!Check(Scan, payload)) throw new Invalid('token', 'must be the text of a QR code')
  const presented = { token: payload.token, scannerId }
  try {
    return await (tag === 'ENTRY' ? enter(ctx, presented) : leave(ctx, presented))
  } catch (error) {
    if (error instanceof Refused) {
      const again =
        isDuplicate && error.code === 'already-used'
          ? await answerOfRedelivery(ctx, { ...presented, tag, withinMs: REDELIVERY_MS })
          : null
      return again ?? { status: 'refused', reason: error.code as RefusalReason, message: error.message }
    }
    if (!(error instanceof Unavailable || error instanceof NoSpace)) ctx.log.error({ err: error, scannerId }, 'scan failed')
    const message = tag === 'EXIT' ? 'the box cannot decide now; the door opens' : 'the box cannot decide now; try again'
    return { status: 'unavailable', open: tag === 'EXIT', message }
  }
}

/**
 * Takes a scan from MQTT and publishes the answer. An exit that the box could not decide is not acknowledged: the scanner sends it again,
 * and the visit is closed as soon as that is possible. An entry is: nobody may be let in later who has gone away.
 */
export async function handleScanMessage(ctx: Context, { deviceId, body, isDuplicate }: DeviceMessage): Promise<void> {
  const scanner = deviceId === null ? null : scannerById(ctx, deviceId)
  if (!scanner) throw new NotFound('scanner', String(deviceId))
  const answer = await handleScan(ctx, { ...scanner, payload: body, isDuplicate })
  const told = ctx.link.publish(scanResultTopic(ctx.store.storeId, scanner.scannerId), answer)
  await told.catch((err: unknown) =>
    ctx.log.warn({ err, scannerId: scanner.scannerId }, 'the answer to a scan could not be sent')
  ) // the scan comes again
  if (answer.status === 'unavailable' && answer.open) throw new Unavailable('the exit is not recorded')
}
