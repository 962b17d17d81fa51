/** The doors of a throw-away store: whoever came and went in a recording shows a code again, signed by a key of this process alone. */
import { generateKeyPairSync } from 'node:crypto'
import { exportJWK, SignJWT } from 'jose'
import type { ScannerTag } from '#contracts/api/scanners.ts'
import type { UserRole } from '#contracts/api/store.ts'
import { type Context, SYSTEM } from '#server/context.ts'
import { leave } from '#server/domain/ticket/actions.ts'
import { addQrKey, addScanner, enter, putScannerPlace } from '#server/domain/user/actions.ts'
import { newId } from '#server/platform/ids.ts'

/** Somebody at a door. `userId` is who they are in the throw-away store; `scannerId` names a scanner of the recording, null none. */
export type Pass = { userId: string; role: UserRole; isEntry: boolean; scannerId: string | null }
/** Where scanners of the recording stand on its floor plan. */
export type Places = ReadonlyMap<string, { x: number; y: number }>

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const KID = 'replay'
/** Codes are shown the moment they are made. */
const CODE_SECONDS = 1

/** Opens the doors: `pass` lets somebody in or out at the time of the store's clock and returns the visit. Throws Refused. */
export async function openDoors(ctx: Context, places: Places = new Map()) {
  await addQrKey(ctx, SYSTEM, { jwk: { ...(await exportJWK(publicKey)), kid: KID } })
  const scanners = new Map<string, string>()

  /** A scanner that was moved to the other door since then counts as it was used. */
  async function scannerOf(name: string, tag: ScannerTag): Promise<string> {
    const known = scanners.get(`${tag} ${name}`)
    if (known) return known
    const { id } = await addScanner(ctx, SYSTEM, { name, tag })
    const place = places.get(name)
    if (place) await putScannerPlace(ctx, SYSTEM, { id, ...place })
    scanners.set(`${tag} ${name}`, id)
    return id
  }

  return {
    async pass({ userId, role, isEntry, scannerId }: Pass): Promise<string> {
      const own = scannerId === null ? null : await scannerOf(scannerId, isEntry ? 'ENTRY' : 'EXIT')
      const presented = { token: await codeOf(ctx, userId, role), scannerId: own }
      return (await (isEntry ? enter : leave)(ctx, presented)).visitId
    }
  }
}
export type Doors = Awaited<ReturnType<typeof openDoors>>

function codeOf(ctx: Context, id: string, role: UserRole): Promise<string> {
  const iat = Math.floor(ctx.clock.now().getTime() / 1000)
  const claims = { id, role, phoneNumber: 'unknown', jti: newId(), iat, exp: iat + CODE_SECONDS }
  return new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', kid: KID }).sign(privateKey)
}
