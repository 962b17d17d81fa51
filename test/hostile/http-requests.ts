/** Hostile HTTP requests, from the API's own description; and the bare socket that sends them as they are. */
import { connect } from 'node:net'
import fc from 'fast-check'
import { HOSTILE_TEXTS, hostileValueOf, jsonBytesOf, rightValueOf, type Schema } from './generators.ts'

export type Request = { operation: string; method: string; bytes: Buffer }
type Parameter = { name: string; in: 'path' | 'query' | 'header'; required?: boolean; schema: Schema; example?: unknown }
type Media = { schema?: Schema; example?: unknown }
type Described = {
  'x-access'?: string | string[]
  parameters?: Parameter[]
  requestBody?: { content: Record<string, Media> }
}
export type Document = { paths: Record<string, Record<string, Described>> }
/** `right` opens an operation of that access, `wrong` are all others; `ids` exist, by the collection that their path names; `doomed` may go. */
export type Credentials = {
  host: string
  right: Record<string, string>
  wrong: string[]
  ids: Record<string, string[]>
  doomed: Record<string, string>
}

/** What an operation takes, and what none does. */
const contentTypes = (right: string) => [
  ...Array(120).fill(right),
  ...[
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-16',
    'text/csv',
    'x'
  ],
  ...['application/problem+json', 'application/json, text/html', '', 'application/json;;;', `application/${'x'.repeat(2000)}`]
]
const ODD_HEADERS = [
  ...Array(120).fill(''),
  ...[
    'Idempotency-Key: k',
    'Idempotency-Key: \u0001',
    `Idempotency-Key: ${'k'.repeat(400)}`,
    'Accept-Encoding: gzip, x',
    'Content-Encoding: gzip'
  ],
  ...[
    'X-HTTP-Method-Override: DELETE',
    'X-Forwarded-For: 127.0.0.1',
    'X-Original-URL: /admin',
    'Host: other',
    'Cookie: niflr_session=%ff; a==;;;'
  ],
  ...[
    'Expect: 100-continue',
    'Expect: x',
    'Range: bytes=0-1,5-,-0',
    'If-None-Match: *',
    'Upgrade: websocket\r\nConnection: Upgrade',
    'TE: trailers'
  ],
  ...[
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: x',
    'Content-Length: 5',
    'Origin: null',
    'Last-Event-ID: x',
    `X: ${'x'.repeat(15_000)}`
  ]
]
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'CONNECT', 'PROPFIND', 'get', 'X']
const PATHS = [
  ...[
    '/%00',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/../../etc/passwd',
    '/./api/v1/products',
    '//api/v1/products',
    '/api//v1/products',
    '/api/v1/products/..%2f..',
    '*',
    '/%',
    '/%ff'
  ],
  ...[
    '/api/v1/%zz',
    `/${'a/'.repeat(3000)}`,
    `/api/v1/products/${'x'.repeat(12_000)}`,
    '/api/v1/products;x=1',
    '/api/v1/products#x',
    '/api/docs/..%5c..%5cx',
    '/admin/..%2fserver'
  ],
  ...[
    'http://other/healthz',
    '/healthz?%00',
    '/api/v1/products?limit=%00',
    '/api/v1/products?__proto__=1',
    '/api/v1/products?limit[]=1&limit=2',
    '/api/v1/products?cursor=W10'
  ]
]

const encoded = (text: string) => encodeURIComponent(text.isWellFormed() ? text : 'x').slice(0, 4000)

/** Requests to every operation of the document, each with something wrong; a few that are to no operation at all. */
export function hostileRequests({ paths }: Document, credentials: Credentials): fc.Arbitrary<Request> {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({ path, method: method.toUpperCase(), described }))
  )
  const { host, right, wrong } = credentials
  const toOperation = fc.constantFrom(...operations).chain(({ path, method, described }) => {
    const { parameters = [], requestBody } = described
    const [type = 'application/json', media = {}] = Object.entries(requestBody?.content ?? {})[0] ?? []
    const schema = media.schema && 'example' in media ? { ...media.schema, examples: [media.example] } : media.schema
    const body = schema
      ? type === 'application/json'
        ? jsonBytesOf(hostileValueOf(schema))
        : hostileValueOf(schema).map((value) => Buffer.from(typeof value === 'string' ? value : (JSON.stringify(value) ?? '')))
      : jsonBytesOf(fc.constantFrom<unknown>({}, undefined, null, [], 'x'))
    return fc
      .record({
        url: urlOf({ path, parameters, isEnding: ENDS.test(`${method} ${path}`) }, credentials),
        method: fc.oneof({ weight: 40, arbitrary: fc.constant(method) }, { weight: 1, arbitrary: fc.constantFrom(...METHODS) }),
        body: method === 'GET' && !schema ? fc.constant(Buffer.alloc(0)) : body,
        type: fc.constantFrom(...contentTypes(type)),
        odd: fc.constantFrom(...ODD_HEADERS),
        key: fc.oneof(
          { weight: 6, arbitrary: fc.constant(right[[described['x-access'] ?? ''].flat()[0]!] ?? right.staff!) },
          { weight: 1, arbitrary: fc.constantFrom(...wrong) }
        )
      })
      .map((parts) => ({ operation: `${method} ${path}`, method: parts.method, bytes: requestBytes(parts, host) }))
  })
  const toNowhere = fc
    .record({
      url: fc.constantFrom(...PATHS),
      method: fc.constantFrom(...METHODS),
      key: fc.constantFrom(...Object.values(right), ...wrong),
      odd: fc.constantFrom(...ODD_HEADERS)
    })
    .map((parts) => ({
      operation: parts.url.slice(0, 60),
      method: parts.method,
      bytes: requestBytes({ ...parts, type: '', body: Buffer.alloc(0) }, host)
    }))
  const noHttp = fc
    .tuple(
      fc.constantFrom(
        'GET / HTTP/9.9\r\n\r\n',
        '\x16\x03\x01\x02',
        'GET\r\n\r\n',
        '\r\n\r\n',
        '\0\0',
        'POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n',
        'GET / HTTP/1.1\r\nHost : x\r\n\r\n'
      ),
      fc.uint8Array({ maxLength: 200 })
    )
    .map(([text, more]) => ({ operation: 'no HTTP', method: '?', bytes: Buffer.concat([Buffer.from(text, 'latin1'), more]) }))
  return fc.oneof({ weight: 20, arbitrary: toOperation }, { weight: 2, arbitrary: toNowhere }, { weight: 1, arbitrary: noHttp })
}

/** What ends a thing or its key: it is sent to things that nothing else is sent to. */
const ENDS = /^DELETE |\/device-key$/

type Target = { path: string; parameters: Parameter[]; isEnding: boolean }

function urlOf({ path, parameters, isEnding }: Target, { ids, doomed }: Credentials): fc.Arbitrary<string> {
  const idAfter = (collection: string): fc.Arbitrary<string> => {
    const known = isEnding && doomed[collection] ? [doomed[collection]] : (ids[collection] ?? ['x'])
    return fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...known) },
      { weight: 1, arbitrary: fc.constantFrom(...HOSTILE_TEXTS) },
      { weight: 1, arbitrary: fc.oneof(fc.uuid(), fc.constantFrom(...Object.values(ids).flat())) }
    )
  }
  const filled = fc.tuple(
    ...path.split('/').map((part, n, parts) => (part.startsWith('{') ? idAfter(parts[n - 1]!).map(encoded) : fc.constant(part)))
  )
  const query = parameters
    .filter((one) => one.in === 'query')
    .map((one) => ('example' in one ? { ...one, schema: { ...one.schema, examples: [one.example] } } : one))
  const pair =
    query.length === 0
      ? fc.constant('')
      : fc
          .constantFrom(...query)
          .chain(({ name, schema }) =>
            fc
              .oneof(rightValueOf(schema), fc.constantFrom<unknown>(...HOSTILE_TEXTS))
              .map((value) => `${encoded(name)}=${encoded(String(value))}`)
          )
  const needed = query.filter(({ required }) => required)
  const right = fc
    .tuple(...needed.map(({ schema }) => rightValueOf(schema)))
    .map((values) => values.map((value, n) => `${encoded(needed[n]!.name)}=${encoded(String(value))}`))
  const whole = fc.oneof({ weight: 2, arbitrary: right }, { weight: 1, arbitrary: fc.constant([]) })
  return fc.tuple(filled, fc.array(pair, { maxLength: needed.length > 0 ? 1 : 3 }), whole).map(([parts, pairs, most]) => {
    const text = [...most, ...pairs].filter(Boolean).join('&')
    return parts.join('/') + (text && `?${text}`)
  })
}

type Parts = { url: string; method: string; body: Buffer; type: string; odd: string; key: string }

function requestBytes({ url, method, body, type, odd, key }: Parts, host: string): Buffer {
  const lines = [
    `${method} ${url} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: close',
    ...(key ? [`Authorization: ${key}`] : []),
    ...(odd ? [odd] : [])
  ]
  if (body.length > 0 || type) lines.push(`Content-Type: ${type}`)
  if (body.length > 0) lines.push(`Content-Length: ${body.length}`)
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body])
}

/** What waits for more than was sent gets no more: the server is told so. */
const HALF_CLOSED_AFTER_MS = 500

/** Sends the bytes. The status of the answer (of several the one that tells most), 0 without one, -1 when nothing happened for 25 s. */
export function sendBytes(port: number, bytes: Buffer): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    let text = ''
    const end = (silent: boolean) => {
      const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map((match) => Number(match[1]))
      const failed = statuses.find((status) => status >= 500)
      const done = statuses.find((status) => status >= 200 && status < 300) // what follows a request may be answered too
      resolve({ status: silent && statuses.length === 0 ? -1 : (failed ?? done ?? statuses.at(-1) ?? 0), text })
      socket.destroy()
    }
    socket.setTimeout(25_000, () => end(true))
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (/^content-type: text\/event-stream/im.test(text)) end(false)
    })
    socket.on('error', () => end(false))
    socket.on('close', () => end(false))
    socket.write(bytes)
    const giveUp = setTimeout(() => text === '' && socket.end(), HALF_CLOSED_AFTER_MS)
    socket.once('close', () => clearTimeout(giveUp))
  })
}
