/** manage device-key and qr-key: keys from the command line. A running server takes them over within seconds. */
import { SYSTEM } from '#server/context.ts'
import { openShelves, rotateMachineKey } from '#server/domain/iot/actions.ts'
import { addQrKey, listQrKeys, removeQrKey, rotateScannerKey } from '#server/domain/user/actions.ts'
import { withStore } from './offline.ts'
import { say } from './run.ts'

const actor = { ...SYSTEM, id: 'command-line', name: 'command line' }

/** A new device key for a machine or scanner, printed once; the old one ends. Throws NotFound. */
export async function newDeviceKey(kind: 'machine' | 'scanner', id: string): Promise<void> {
  const { deviceKey } = await withStore(async (ctx) => {
    if (kind === 'scanner') return rotateScannerKey(ctx, actor, id)
    await openShelves(ctx)
    return rotateMachineKey(ctx, actor, id)
  })
  say(deviceKey)
}

/** Adds a QR key (`jwk`, else a new Ed25519 pair whose private half is printed once), lists or removes them. */
export async function qrKey(verb: string, argument: string | undefined): Promise<void> {
  await withStore(async (ctx) => {
    if (verb === 'add')
      return say(JSON.stringify(await addQrKey(ctx, actor, argument ? { jwk: JSON.parse(argument) } : {}), null, 2))
    if (verb === 'list') return listQrKeys(ctx).forEach((key) => void say(`${key.kid}  ${key.alg}`))
    await removeQrKey(ctx, actor, argument!)
    say(`QR key ${argument} removed: no code it signed is valid any more`)
  })
}
