/** Who may watch: Basic or Digest credentials of a request [RFC 7617, RFC 2069]. */
import { createHash, randomBytes } from 'node:crypto'
import type { RtspRequest } from './messages.ts'

export type StreamCredentials = { username: string; password: string; scheme: 'basic' | 'digest' }
export type Gate = { challenge: string; admits(request: RtspRequest): boolean }

const REALM = 'simulated cameras'
const md5 = (text: string) => createHash('md5').update(text).digest('hex')

/** One connection's gate; a digest nonce is good for this connection only. */
export function openGate({ username, password, scheme }: StreamCredentials): Gate {
  if (scheme === 'basic') {
    const expected = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
    return { challenge: `Basic realm="${REALM}"`, admits: ({ headers }) => headers.get('authorization') === expected }
  }
  const nonce = randomBytes(16).toString('hex')
  return {
    challenge: `Digest realm="${REALM}", nonce="${nonce}"`,
    admits({ method, headers }) {
      const given = headers.get('authorization') ?? ''
      const field = (name: string) => new RegExp(`[ ,]${name}="([^"]*)"`).exec(given)?.[1] ?? ''
      const expected = md5(`${md5(`${username}:${REALM}:${password}`)}:${nonce}:${md5(`${method}:${field('uri')}`)}`)
      return field('username') === username && field('nonce') === nonce && field('response') === expected
    }
  }
}
