/**
 * Links that a browser can use without headers: the query `from`, `to`, `exp`, `sig` beside the path. The signature (HMAC-SHA256 with
 * DATA_DIR/keys/links.key) is bound to one camera with a window, or to one video with or without one, and to the moment at which it ends.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { join } from 'node:path'
import type { Context } from '#server/context.ts'
import { readKeyFile } from '#server/platform/key-file.ts'
import type { Window } from './footage.ts'

export type LinkSubject = { kind: 'camera' | 'video'; id: string; window: Window | null }
export type LinkVerdict = 'valid' | 'expired' | 'wrong'

const LASTS_MS = 15 * 60_000
/** Links made within a while are the same, so that pages and players can keep what they have loaded. */
const STEP_MS = 5 * 60_000

/** When a link made now ends: in 15 to 20 minutes. */
export const linkEnd = (now: Date): number => Math.ceil((now.getTime() + LASTS_MS) / STEP_MS) * (STEP_MS / 1000)

const keys = new WeakMap<Context, Buffer>()
function keyOf(ctx: Context): Buffer {
  const key = keys.get(ctx) ?? readKeyFile(join(ctx.config.dataDir, 'keys', 'links.key'))
  keys.set(ctx, key)
  return key
}

/** The query of a link to `subject` that ends at `exp` (Unix seconds). */
export function signedQuery(ctx: Context, subject: LinkSubject, exp: number): string {
  const { window } = subject
  const times = window ? [`from=${iso(window.fromMs)}`, `to=${iso(window.toMs)}`] : []
  return [...times, `exp=${exp}`, `sig=${signature(ctx, subject, exp).toString('base64url')}`].join('&')
}

/** Is `sig` that of a link to `subject` that ends at `exp`, and has it not ended? Takes the same time for every wrong signature. */
export function checkSignature(ctx: Context, subject: LinkSubject, { exp, sig }: { exp: number; sig: string }): LinkVerdict {
  const given = Buffer.from(sig, 'base64url')
  const right = signature(ctx, subject, exp)
  if (given.length !== right.length || !timingSafeEqual(given, right)) return 'wrong'
  return ctx.clock.now().getTime() < exp * 1000 ? 'valid' : 'expired'
}

function signature(ctx: Context, { kind, id, window }: LinkSubject, exp: number): Buffer {
  const text = [kind, id.toLowerCase(), window?.fromMs ?? '', window?.toMs ?? '', exp].join('\n')
  return createHmac('sha256', keyOf(ctx)).update(text).digest()
}

const iso = (ms: number) => new Date(ms).toISOString()
