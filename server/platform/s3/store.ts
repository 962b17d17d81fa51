/** Objects in a bucket of an S3 store: sent in parts, looked at, read and removed. Knows nothing of what they are. */
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Pace } from '#server/platform/pace.ts'
import { Agent as HttpAgent } from '#server/platform/plain-http.ts'
import { type AccessKey, parseAccessKey } from './access-key.ts'
import { StoreError } from './error.ts'
import { ask, askWhole, type Bucket } from './request.ts'
import { codeIn, escaped, wordIn } from './xml.ts'

export type StoreSettings = { endpoint: string; bucket: string; region: string; accessKeyFile: string }
/** `number` counts from 1. */
export type Part = { number: number; content: Buffer; md5: Buffer; sha256: string }
/** After `silentMs` without a byte in either direction a line is given up. */
export type StoreLimits = { silentMs?: number }
export type UploadRef = { key: string; uploadId: string }

const MOST_LINES = 24

export class ObjectStore {
  readonly #bucket: Bucket

  constructor({ accessKeyFile, ...place }: StoreSettings, { silentMs = 60_000 }: StoreLimits = {}) {
    const Agent = place.endpoint.startsWith('https:') ? HttpsAgent : HttpAgent
    const agent = new Agent({ keepAlive: true, maxSockets: MOST_LINES })
    this.#bucket = { ...place, agent, silentMs, accessKey: () => readAccessKey(accessKeyFile) }
  }

  /** Begins an upload in parts; returns its id. */
  async beginUpload(key: string, contentType: string, signal: AbortSignal): Promise<string> {
    const headers = { 'content-type': contentType }
    const { text } = await askWhole(this.#bucket, { method: 'POST', key, query: { uploads: '' }, headers, signal })
    return must(wordIn(text, 'UploadId'))
  }

  /** Sends a part; the store checks both hashes. Returns what the store calls it. */
  async sendPart(
    { key, uploadId }: UploadRef,
    part: Part,
    { pace, signal }: { pace: Pace; signal: AbortSignal }
  ): Promise<string> {
    const query = { partNumber: String(part.number), uploadId }
    const headers = { 'content-md5': part.md5.toString('base64') }
    const sent = { body: part.content, sha256: part.sha256, pace, signal }
    const answer = await askWhole(this.#bucket, { method: 'PUT', key, query, headers, ...sent })
    return must(bare(answer.headers.etag))
  }

  /** Makes the object of its parts, named as the store named them. */
  async completeUpload({ key, uploadId }: UploadRef, etags: string[], signal: AbortSignal): Promise<void> {
    const parts = etags.map((etag, n) => `<Part><PartNumber>${n + 1}</PartNumber><ETag>${escaped(`"${etag}"`)}</ETag></Part>`)
    const document = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts.join('')}</CompleteMultipartUpload>`
    const headers = { 'content-type': 'application/xml' }
    const asked = { method: 'POST', key, query: { uploadId }, headers, body: Buffer.from(document), signal } as const
    const { text } = await askWhole(this.#bucket, asked)
    const code = codeIn(text)
    if (code) throw new StoreError(code, code === 'InternalError' ? 500 : 400)
  }

  /** Ends an upload and frees what it took; one that is not there is fine. */
  async abortUpload({ key, uploadId }: UploadRef, signal: AbortSignal): Promise<void> {
    await unlessGone(askWhole(this.#bucket, { method: 'DELETE', key, query: { uploadId }, signal }))
  }

  /** Uploads below `prefix` that were begun and not ended: the first thousand. */
  async openUploads(prefix: string, signal: AbortSignal): Promise<(UploadRef & { begunAt: Date })[]> {
    const { text } = await askWhole(this.#bucket, { method: 'GET', query: { uploads: '', prefix }, signal })
    return [...text.matchAll(/<Upload>([\s\S]*?)<\/Upload>/g)].flatMap(([, upload]) => {
      const [key, uploadId, begun] = ['Key', 'UploadId', 'Initiated'].map((name) => wordIn(upload!, name))
      const begunAt = new Date(begun ?? Number.NaN)
      return key?.startsWith(prefix) && uploadId && !Number.isNaN(begunAt.getTime()) ? [{ key, uploadId, begunAt }] : []
    })
  }

  /** Length and ETag of an object; null when there is none. */
  async look(key: string, signal: AbortSignal): Promise<{ bytes: number; etag: string | null } | null> {
    const answer = await unlessGone(askWhole(this.#bucket, { method: 'HEAD', key, signal }))
    return answer && { bytes: Number(answer.headers['content-length'] ?? Number.NaN), etag: bare(answer.headers.etag) }
  }

  /** Bytes of an object, both ends counting. Throws StoreError `short-answer` when the store means to send another number of them. */
  async read(key: string, { start, end }: { start: number; end: number }, signal: AbortSignal): Promise<IncomingMessage> {
    const answer = await ask(this.#bucket, { method: 'GET', key, headers: { range: `bytes=${start}-${end}` }, signal })
    if (Number(answer.headers['content-length']) === end - start + 1) return answer
    answer.destroy()
    throw new StoreError('short-answer', null)
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    await unlessGone(askWhole(this.#bucket, { method: 'DELETE', key, signal }))
  }

  close(): void {
    this.#bucket.agent.destroy()
  }
}

/** Reads the key's file. Throws StoreError `no-access-key` when it is gone or holds none. */
async function readAccessKey(file: string): Promise<AccessKey> {
  const key = parseAccessKey(await readFile(file, 'utf8').catch(() => ''))
  if (!key) throw new StoreError('no-access-key', 403)
  return key
}

async function unlessGone<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof StoreError && error.status === 404 && error.code !== 'NoSuchBucket') return null
    throw error
  }
}

function must<T>(value: T | null): T {
  if (value === null || value === '') throw new StoreError('senseless-answer', null)
  return value
}

const bare = (etag: string | undefined): string | null => etag?.replace(/^(?:W\/)?"|"$/g, '') ?? null
