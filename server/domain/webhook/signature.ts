/**
 * How a delivery is signed: Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md), symmetric
 * `v1`: HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}`, in base64. The secret is `whsec_` and the key in base64. Pure, but for
 * the randomness of a new secret.
 */
import { createHmac, randomBytes } from 'node:crypto'

const PREFIX = 'whsec_'
const KEY_BYTES = 32 // the specification asks for 24 to 64

export const newSigningSecret = (): string => PREFIX + randomBytes(KEY_BYTES).toString('base64')

export type Signed = {
  /** The same in every attempt. */
  id: string
  at: Date
  body: string
}

/** The headers that the receiver verifies. `at` is the moment of this attempt: an old one is refused as a replay by others. */
export function signedHeaders(secret: string, { id, at, body }: Signed): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000))
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
}
