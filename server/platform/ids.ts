/** Ids: UUIDv7 (RFC 9562), so that rows made together lie together; secrets: 256 random bits, kept only as SHA-256. */
import { hash, randomBytes, randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

/** Random bytes are asked of the system for many ids at once: each asking costs more than the id itself. */
const pool = new Uint8Array(16 * 256)
let used = pool.length
let last = { msecs: Number.NEGATIVE_INFINITY, seq: 0 }

/** An id that sorts after every one made before it in this process. */
export function newId(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const random = pool.subarray(used, used + 16)
  used += 16
  const msecs = Math.max(Date.now(), last.msecs)
  const seq = msecs > last.msecs ? startOf(random) : last.seq + 1
  last = seq > MOST_IN_A_MS ? { msecs: msecs + 1, seq: startOf(random) } : { msecs, seq }
  return v7({ random, ...last })
}

/** The counter within a millisecond has 32 bits and starts in the lower half, at random. */
const MOST_IN_A_MS = 0xffffffff
const startOf = (random: Uint8Array): number => new DataView(random.buffer, random.byteOffset).getUint32(6) >>> 1

/** A fresh secret, 43 characters of base64url, after a prefix that tells people and secret scanners what it is. */
export const newSecret = (prefix: string): string => `${prefix}_${randomBytes(32).toString('base64url')}`

export const hashSecret = (secret: string): Buffer => hash('sha256', secret, 'buffer')
