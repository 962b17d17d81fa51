/**
 * A strict S3 store on loopback: one bucket, path style. It takes nothing that is not signed and hashed right, keeps the rules of multipart
 * uploads, writes down what it was asked, and can be told to fail and to lie.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { judge } from './s3-signature.ts'

export const ACCESS_KEY = { accessKeyId: 'AKIDSTORE', secretAccessKey: 'secret/of+the/store' }
export const BUCKET = 'evidence'
export const REGION = 'in-south-1'
const LEAST_PART_BYTES = 5 * 1024 * 1024
const MOST_PARTS = 10_000

export type S3Request = {
  method: string
  key: string
  query: Record<string, string>
  bytes: number
  status: number
  atMs: number
}
type Kept = { content: Buffer; etag: string }
type Upload = { id: string; key: string; begunAt: Date; parts: Map<number, Kept> }
export type Faults = {
  /** Answers every request with it. */
  refusal: { status: number; code: string } | null
  /** Hangs up once so many bytes of a part have come. */
  hangUpAfter: number | null
  /** Reads no further once so many bytes of a part have come. */
  stallAfter: number | null
  /** Keeps another byte than was sent. */
  isCorrupting: boolean
  /** Calls objects by names that are no hash. */
  isOpaque: boolean
  /** Hangs up where it should answer a request whose work it has done. */
  losesAnswerTo: ((request: Omit<S3Request, 'status' | 'atMs'>) => boolean) | null
}

class Refusal extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, code: string) {
    super(code)
    this.status = status
    this.code = code
  }
}

const md5 = (content: Buffer) => createHash('md5').update(content).digest()
const xml = (name: string, text: string) => `<?xml version="1.0" encoding="UTF-8"?>\n<${name}>${text}</${name}>`

type Options = { now?: () => Date; port?: number; tls?: { key: Buffer; cert: Buffer } }

/** Opens it on any free port, or on `port`, over TLS with a certificate; `now` is its clock, for what it says of uploads. */
export async function openS3({ now = () => new Date(), port = 0, tls }: Options = {}) {
  const objects = new Map<string, Kept>()
  const uploads = new Map<string, Upload>()
  const requests: S3Request[] = []
  const faults: Faults = { refusal: null, hangUpAfter: null, stallAfter: null, isCorrupting: false, isOpaque: false, losesAnswerTo: null } // biome-ignore format: one thought
  let count = 0

  const hear = (req: IncomingMessage, res: ServerResponse) => void serve(req, res).catch((error: unknown) => res.destroy(error as Error)) // biome-ignore format: one thought
  const server = tls ? createTlsServer(tls, hear) : createServer(hear)

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url!, 'http://store')
    const query = Object.fromEntries(url.searchParams)
    const [, bucket, ...path] = decodeURIComponent(url.pathname).split('/')
    const asked = { method: req.method!, key: path.join('/'), query, bytes: 0 }
    const note = (status: number) => void requests.push({ ...asked, status, atMs: performance.now() })
    try {
      if (faults.refusal) throw new Refusal(faults.refusal.status, faults.refusal.code)
      const verdict = judge(req, { ...ACCESS_KEY, region: REGION })
      if (!verdict.isGood) throw new Refusal(verdict.status, verdict.code)
      if (bucket !== BUCKET) throw new Refusal(404, 'NoSuchBucket')
      const body = await bodyOf(req, 'partNumber' in query)
      if (body === null) return note(0)
      asked.bytes = body.length
      const answer = answerTo(req, asked, body)
      if (faults.losesAnswerTo?.(asked)) {
        note(0)
        return void req.socket.destroy()
      }
      note(answer.status)
      res.writeHead(answer.status, { 'content-length': answer.body.length, ...answer.headers })
      res.end(req.method === 'HEAD' ? undefined : answer.body)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      note(error.status)
      res.writeHead(error.status, { 'content-type': 'application/xml', connection: 'close' })
      const secret = `<StringToSign>${req.headers.authorization}</StringToSign><Secret>${ACCESS_KEY.secretAccessKey}</Secret>`
      res.end(req.method === 'HEAD' ? undefined : xml('Error', `<Code>${error.code}</Code>${secret}`))
    }
  }

  /** Null when it hung up in the middle, as told. */
  async function bodyOf(req: IncomingMessage, isPart: boolean): Promise<Buffer | null> {
    const length = req.headers['content-length']
    if (req.headers['transfer-encoding'] || ((req.method === 'PUT' || req.method === 'POST') && length === undefined))
      throw new Refusal(411, 'MissingContentLength')
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of req as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      bytes += chunk.length
      if (isPart && faults.stallAfter !== null && bytes >= faults.stallAfter) await once(req.socket, 'close')
      if (isPart && faults.hangUpAfter !== null && bytes >= faults.hangUpAfter) req.socket.destroy()
      if (req.socket.destroyed) return null
    }
    const body = Buffer.concat(chunks)
    if (body.length !== Number(length ?? 0)) return null
    const sha256 = createHash('sha256').update(body).digest('hex')
    if (req.headers['x-amz-content-sha256'] !== sha256) throw new Refusal(400, 'XAmzContentSHA256Mismatch')
    const given = req.headers['content-md5']
    if (isPart && given === undefined) throw new Refusal(400, 'InvalidDigest') // ours to insist on
    if (given !== undefined && given !== md5(body).toString('base64')) throw new Refusal(400, 'BadDigest')
    return body
  }

  type Answer = { status: number; body: Buffer; headers?: Record<string, string | number> }
  const ok = (text = '', headers = {}): Answer => ({ status: 200, body: Buffer.from(text), headers })

  function answerTo(
    req: IncomingMessage,
    { method, key, query }: Pick<S3Request, 'method' | 'key' | 'query'>,
    body: Buffer
  ): Answer {
    if (method === 'GET' && key === '' && 'uploads' in query) return listUploads(query.prefix ?? '')
    if (method === 'POST' && 'uploads' in query) return beginUpload(key)
    if (query.uploadId !== undefined) {
      const upload = uploads.get(query.uploadId)
      if (upload?.key !== key) throw new Refusal(404, 'NoSuchUpload')
      if (method === 'PUT') return takePart(upload, Number(query.partNumber), body)
      if (method === 'POST') return complete(upload, body.toString())
      if (method === 'DELETE') return { status: uploads.delete(upload.id) ? 204 : 404, body: Buffer.alloc(0) }
    }
    if (method === 'DELETE') {
      objects.delete(key)
      return { status: 204, body: Buffer.alloc(0) }
    }
    const kept = objects.get(key)
    if (!kept) throw new Refusal(404, 'NoSuchKey')
    if (method === 'HEAD') return ok('', { 'content-length': kept.content.length, etag: `"${kept.etag}"` })
    if (method === 'GET') return contentOf(kept, req.headers.range)
    throw new Refusal(405, 'MethodNotAllowed')
  }

  function listUploads(prefix: string): Answer {
    const open = [...uploads.values()].filter(({ key }) => key.startsWith(prefix))
    const each = ({ key, id, begunAt }: Upload) =>
      `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>${begunAt.toISOString()}</Initiated></Upload>`
    return ok(xml('ListMultipartUploadsResult', open.map(each).join('')))
  }

  function beginUpload(key: string): Answer {
    const upload = { id: `upload~${++count}`, key, begunAt: now(), parts: new Map() }
    uploads.set(upload.id, upload)
    return ok(xml('InitiateMultipartUploadResult', `<Key>${key}</Key><UploadId>${upload.id}</UploadId>`))
  }

  function takePart(upload: Upload, number: number, body: Buffer): Answer {
    if (!(Number.isInteger(number) && number >= 1 && number <= MOST_PARTS)) throw new Refusal(400, 'InvalidArgument')
    const content = Buffer.from(body)
    if (faults.isCorrupting) content[content.length - 1]! ^= 1
    const etag = faults.isOpaque ? `opaque~${++count}` : md5(content).toString('hex')
    upload.parts.set(number, { content, etag })
    return ok('', { etag: `"${etag}"` })
  }

  function complete(upload: Upload, document: string): Answer {
    const named = [
      ...document.matchAll(/<Part><PartNumber>(\d+)<\/PartNumber><ETag>(?:&quot;|")(.*?)(?:&quot;|")<\/ETag><\/Part>/g)
    ]
    if (named.length === 0) throw new Refusal(400, 'MalformedXML')
    const parts = named.map(([, number, etag], n) => {
      const part = upload.parts.get(Number(number))
      if (part?.etag !== etag) throw new Refusal(400, 'InvalidPart')
      if (n > 0 && Number(number) <= Number(named[n - 1]![1])) throw new Refusal(400, 'InvalidPartOrder')
      if (n < named.length - 1 && part!.content.length < LEAST_PART_BYTES) throw new Refusal(400, 'EntityTooSmall')
      return part!.content
    })
    const ofParts = md5(Buffer.concat(parts.map(md5))).toString('hex')
    const etag = faults.isOpaque ? `opaque~${++count}` : `${ofParts}-${parts.length}`
    objects.set(upload.key, { content: Buffer.concat(parts), etag })
    uploads.delete(upload.id)
    return ok(xml('CompleteMultipartUploadResult', `<ETag>&quot;${etag}&quot;</ETag>`))
  }

  function contentOf({ content, etag }: Kept, range: string | undefined): Answer {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? []
    if (!from) return { ...ok('', { etag: `"${etag}"` }), body: content }
    if (Number(from) >= content.length) throw new Refusal(416, 'InvalidRange')
    const body = content.subarray(Number(from), Number(to) + 1)
    const headers = { etag: `"${etag}"`, 'content-range': `bytes ${from}-${Number(from) + body.length - 1}/${content.length}` }
    return { status: 206, body, headers }
  }

  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    ...{ url, objects, uploads, requests, faults },
    /** Requests that put a part, as `KEY#NUMBER`, those that it hung up on left out. */
    parts: () => requests.filter(({ query, status }) => 'partNumber' in query && status === 200).map(({ key, query }) => `${key}#${query.partNumber}`), // biome-ignore format: one thought
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
}
export type S3 = Awaited<ReturnType<typeof openS3>>
