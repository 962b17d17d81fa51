/** One POST to a program elsewhere: bounded in time, no redirect followed, no address connected to that is not allowed. */
import { lookup as lookUp } from 'node:dns'
import type { IncomingMessage } from 'node:http'
import { request as requestTls } from 'node:https'
import type { LookupFunction } from 'node:net'
import { request as requestPlain } from './plain-http.ts'

/** `error` says why there was no answer. `answer` is how its body began. */
export type Posted = { status: number; retryAfter: string | null; answer: string; error: null } | { status: null; error: string }
export type Post = {
  url: string
  headers: Record<string, string>
  body: string
  /** For all of it, in milliseconds. */
  timeoutMs: number
  /** Asked of each address that the URL's name leads to, whatever it led to before. */
  isAllowed: (address: string) => boolean
}

const ANSWER_BYTES = 500

/** Sends it and waits for the answer. Throws the signal's reason when that ends it; whatever else goes wrong is in the result. */
export async function post({ url, headers, body, timeoutMs, isAllowed }: Post, signal: AbortSignal): Promise<Posted> {
  const tooLate = AbortSignal.timeout(timeoutMs)
  const request = url.startsWith('https:') ? requestTls : requestPlain
  const sent = Promise.withResolvers<IncomingMessage>()
  const length = String(Buffer.byteLength(body))
  const options = {
    ...{ method: 'POST', headers: { ...headers, 'content-length': length }, agent: false as const },
    ...{ lookup: allowing(isAllowed), signal: AbortSignal.any([signal, tooLate]) }
  }
  try {
    request(url, options, sent.resolve).on('error', sent.reject).end(body)
    const response = await sent.promise
    const answer = await beginningOf(response)
    return { status: response.statusCode!, retryAfter: response.headers['retry-after'] ?? null, answer, error: null }
  } catch (error) {
    signal.throwIfAborted()
    return { status: null, error: tooLate.aborted ? `no answer within ${timeoutMs / 1000} s` : wordsOf(error) }
  }
}

/** A body that breaks off, or never ends, takes nothing back of the status that came before it. */
async function beginningOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of response) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes >= ANSWER_BYTES) break
    }
  } catch {}
  response.destroy()
  return Buffer.concat(chunks).subarray(0, ANSWER_BYTES).toString().replaceAll('\0', '')
}

const allowing =
  (isAllowed: (address: string) => boolean): LookupFunction =>
  (hostname, options, callback) =>
    lookUp(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '')
      const allowed = addresses.filter(({ address }) => isAllowed(address))
      const [first] = allowed
      if (!first) return callback(new Error(`${hostname} leads to ${addresses[0]?.address}, which no webhook may have`), '')
      if (options.all) return callback(null, allowed)
      return callback(null, first.address, first.family)
    })

/** A failed connection to several addresses has no message of its own. */
function wordsOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return [message, code].find((text) => typeof text === 'string' && text !== '')?.slice(0, 300) ?? 'no connection'
}
