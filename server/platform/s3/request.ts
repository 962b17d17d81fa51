/** One signed request to an S3 store: path style, Signature Version 4 over the hash of the body, sent at a pace. Nothing is followed or repeated. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Agent, ClientRequest, IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { AwsV4Signer } from 'aws4fetch'
import type { Pace } from '#server/platform/pace.ts'
import { request as httpRequest } from '#server/platform/plain-http.ts'
import type { AccessKey } from './access-key.ts'
import { asStoreError, StoreError } from './error.ts'
import { codeIn } from './xml.ts'

export type Bucket = {
  /** `https://host[:port]` */
  endpoint: string
  bucket: string
  region: string
  /** Read for each request, so that a new key needs no restart. */
  accessKey(): Promise<AccessKey>
  agent: Agent
  /** When nothing has moved for so long, the line is dead. */
  silentMs: number
}
export type Asked = {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** The object's; the bucket itself without one. */
  key?: string
  query?: Record<string, string>
  headers?: Record<string, string>
  body?: Buffer
  /** Of the body, in hex, where it is known already. */
  sha256?: string
  pace?: Pace
  signal: AbortSignal
}

const PIECE_BYTES = 32 * 1024
const MOST_ANSWER_BYTES = 4 * 1024 * 1024
const EMPTY = Buffer.alloc(0)
const signingKeys = new Map<string, ArrayBuffer>() // of a day: made once

/** Asks, and hands out the answer while it comes. Throws StoreError for any status that is no success, and when there is no answer. */
export async function ask(bucket: Bucket, asked: Asked): Promise<IncomingMessage> {
  try {
    const answer = await send(await signedRequest(bucket, asked), asked)
    const status = answer.statusCode ?? 0
    if (status >= 200 && status < 300) return answer
    throw new StoreError(codeIn(await textOf(answer)) ?? `HTTP-${status}`, status)
  } catch (error) {
    throw asStoreError(error, asked.signal)
  }
}

/** As `ask`, for answers that are read whole: their headers, and their text. */
export async function askWhole(bucket: Bucket, asked: Asked) {
  const answer = await ask(bucket, asked)
  try {
    return { headers: answer.headers, text: await textOf(answer) }
  } catch (error) {
    throw asStoreError(error, asked.signal)
  }
}

async function signedRequest(to: Bucket, asked: Asked): Promise<ClientRequest> {
  const { endpoint, bucket, region, accessKey, agent, silentMs } = to
  const { method, key, query = {}, headers = {}, body = EMPTY, sha256 = hexHash(body), signal } = asked
  const path = [bucket, ...(key?.split('/') ?? [])].map(encodeURIComponent).join('/')
  const url = new URL(`${endpoint}/${path}`)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  if (signingKeys.size > 8) signingKeys.clear()
  const signer = new AwsV4Signer({
    ...{ method, url: url.href, headers: { ...headers, 'x-amz-content-sha256': sha256 } },
    ...{ ...(await accessKey()), region, service: 's3', cache: signingKeys }
  })
  const signed = await signer.sign()
  const request = signed.url.protocol === 'https:' ? httpsRequest : httpRequest
  const length = method === 'PUT' || method === 'POST' ? { 'content-length': String(body.length) } : {}
  return request(signed.url, {
    ...{ method, agent, signal, timeout: silentMs },
    headers: { ...Object.fromEntries(signed.headers), ...length }
  })
}

/** Sends the body until it is over or the store has answered, whichever comes first. */
async function send(request: ClientRequest, { body = EMPTY, pace, signal }: Asked): Promise<IncomingMessage> {
  const answered = Promise.withResolvers<IncomingMessage>()
  let isOver = false
  const over = () => {
    isOver = true
  }
  answered.promise.then(over, over)
  request.once('response', answered.resolve)
  request.once('error', answered.reject)
  request.once('timeout', () => void request.destroy(new StoreError('silent-store', null)))
  for (let sent = 0; sent < body.length && !isOver; sent += PIECE_BYTES) {
    const piece = body.subarray(sent, sent + PIECE_BYTES)
    await pace?.take(piece.length, signal)
    if (!isOver && !request.write(piece)) await Promise.race([once(request, 'drain'), answered.promise])
  }
  if (!isOver) request.end()
  const answer = await answered.promise
  answer.once('close', () => {
    if (!request.writableEnded) request.destroy() // answered before it had heard all: this line is of no further use
  })
  return answer
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MOST_ANSWER_BYTES) throw new StoreError('answer-too-long', answer.statusCode ?? null)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const hexHash = (body: Buffer) => createHash('sha256').update(body).digest('hex')
