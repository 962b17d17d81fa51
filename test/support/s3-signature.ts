/** Signature Version 4 as a server checks it, written from its specification alone: it shares nothing with the client that it judges. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

export type Judged = { isGood: true } | { isGood: false; status: number; code: string }

const FORM =
  /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/,]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/
const MUST_BE_SIGNED = ['host', 'x-amz-content-sha256', 'x-amz-date']
const LARGEST_SKEW_MS = 15 * 60_000
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
const refuse = (status: number, code: string): Judged => ({ isGood: false, status, code })

/** Is the request signed with this key, for this region, lately, and over all that must be? */
export function judge(
  req: IncomingMessage,
  { accessKeyId, secretAccessKey, region }: { accessKeyId: string; secretAccessKey: string; region: string }
): Judged {
  const [, id, day, signedRegion, names, signature] = FORM.exec(req.headers.authorization ?? '') ?? []
  if (!id || !signature) return refuse(403, 'AccessDenied')
  if (id !== accessKeyId) return refuse(403, 'InvalidAccessKeyId')
  if (signedRegion !== region) return refuse(400, 'AuthorizationHeaderMalformed')
  const stamp = String(req.headers['x-amz-date'])
  const at = Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (!(Math.abs(Date.now() - at) < LARGEST_SKEW_MS) || !stamp.startsWith(day!)) return refuse(403, 'RequestTimeTooSkewed')
  const signed = names!.split(';')
  const amz = Object.keys(req.headers).filter((name) => name.startsWith('x-amz-') || name === 'content-md5')
  if ([...MUST_BE_SIGNED, ...amz].some((name) => !signed.includes(name))) return refuse(403, 'AccessDenied')
  const url = new URL(req.url!, 'http://store')
  const query = [...url.searchParams]
    .map((pair) => pair.map(encoded).join('='))
    .toSorted()
    .join('&')
  const headers = signed.map((name) => `${name}:${String(req.headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`).join('') // biome-ignore format: one thought
  const path = decodeURIComponent(url.pathname).split('/').map(encoded).join('/')
  const canonical = [req.method, path, query, headers, names, req.headers['x-amz-content-sha256']].join('\n')
  const scope = `${day}/${region}/s3/aws4_request`
  const hash = createHash('sha256').update(canonical).digest('hex')
  const key = hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, day!), region), 's3'), 'aws4_request')
  const due = hmac(key, ['AWS4-HMAC-SHA256', stamp, scope, hash].join('\n'))
  return timingSafeEqual(due, Buffer.from(signature, 'hex')) ? { isGood: true } : refuse(403, 'SignatureDoesNotMatch')
}

const encoded = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
