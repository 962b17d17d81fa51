/** A code at a door: what it claims, and the one transaction that decides it. One user's scans are decided one after the other. */
import type { DoorAccepted, RefusalReason } from '#contracts/api/entry.ts'
import { type Context, type Tx, transact } from '#server/context.ts'
import { NoSpace, Refused, Unavailable } from '#server/platform/errors.ts'
import { Turns } from '#server/platform/turns.ts'
import { keyRing } from './key-ring.ts'
import { REFUSAL_MESSAGES } from './rules.ts'
import { noteScan } from './scan-log.ts'
import { scannerById } from './scanners.ts'
import { type Code, codeTimes, verifyToken } from './token.ts'

export type Presented = { token: string; scannerId: string | null }
type Tag = 'ENTRY' | 'EXIT'

export const refused = (reason: keyof typeof REFUSAL_MESSAGES) => new Refused(reason, REFUSAL_MESSAGES[reason])
const turns = new WeakMap<Context, Turns>()

/**
 * Decides a code shown at an entry or exit and keeps book of it. However many codes of one user are shown at once, they wait for each
 * other here and not for a row, each with a connection that everybody else would miss. Throws as `decide`, and Refused.
 */
export function decideScan(
  ctx: Context,
  { tag, ...presented }: Presented & { tag: Tag },
  decide: (tx: Tx, code: Code) => Promise<DoorAccepted>
): Promise<DoorAccepted> {
  const pass = async () => {
    const code = await verifyCode(ctx, { ...presented, tag })
    return turnsOf(ctx).take(code.userId, () => transact(ctx, (tx) => decide(tx, code)))
  }
  const from = { direction: tag === 'ENTRY' ? ('entry' as const) : ('exit' as const), scannerId: presented.scannerId }
  return noteScan(ctx, from, () => ctx.precedence.pass(pass))
}

/** What a code claims, once it is known to be signed, timely and shown at the right door. Throws Refused. Not yet used up. */
export async function verifyCode(ctx: Context, { token, scannerId, tag }: Presented & { tag: Tag }): Promise<Code> {
  const scanner = scannerId && scannerById(ctx, scannerId)
  if (scanner && scanner.tag !== tag) throw refused('wrong-scanner')
  const keys = await keyRing(ctx)
  const rules = { storeId: ctx.store.storeId, maxAgeSeconds: ctx.config.qrMaxAgeSeconds }
  const verdicts: RefusalReason[] = []
  for (const nowMs of codeTimes(ctx.clock)) {
    const code = await verifyToken(token, keys, { ...rules, nowMs })
    if (typeof code !== 'string') return code
    verdicts.push(code)
  }
  throw refused(verdicts[0]!)
}

function turnsOf(ctx: Context): Turns {
  const known = turns.get(ctx) ?? new Turns((error) => error instanceof Unavailable || error instanceof NoSpace)
  turns.set(ctx, known)
  return known
}
