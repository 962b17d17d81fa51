/** RTSP on the wire [RFC 2326]: requests read from a byte stream between interleaved packets, answers as text. */

export type RtspRequest = { method: string; url: string; headers: Map<string, string> }
export type RtspAnswer = { status: number; headers?: Record<string, string>; body?: string }

const MOST_REQUEST_BYTES = 65_536
const REASONS: Record<number, string> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  454: 'Session Not Found',
  455: 'Method Not Valid in This State',
  461: 'Unsupported Transport',
  503: 'Service Unavailable'
}

/** Takes what arrives, piece by piece; answers the requests that are complete. Packets that a receiver sends back are passed over. Throws an Error for what is no RTSP. */
export function requestReader(): (chunk: Buffer) => RtspRequest[] {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    const requests: RtspRequest[] = []
    for (let size = messageBytes(rest); size <= rest.length; size = messageBytes(rest)) {
      if (rest[0] !== 0x24) requests.push(readRequest(rest.toString('utf8', 0, size)))
      rest = rest.subarray(size)
    }
    return requests
  }
}

function messageBytes(data: Buffer): number {
  if (data[0] === 0x24) return data.length < 4 ? Number.POSITIVE_INFINITY : 4 + data.readUInt16BE(2)
  const end = data.indexOf('\r\n\r\n')
  if (end < 0 && data.length > MOST_REQUEST_BYTES) throw new Error('the request is too long')
  if (end < 0) return Number.POSITIVE_INFINITY
  const length = Number(/^content-length:\s*(\d+)/im.exec(data.toString('latin1', 0, end + 2))?.[1] ?? 0)
  if (length > MOST_REQUEST_BYTES) throw new Error('the request is too long')
  return end + 4 + length
}

function readRequest(text: string): RtspRequest {
  const [first = '', ...lines] = text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n')
  const [, method, url] = /^([A-Z_]+) (\S+) RTSP\/1\.\d$/.exec(first) ?? []
  if (!method || !url) throw new Error('not an RTSP request')
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  return { method, url, headers }
}

export function answerText(cseq: string | undefined, { status, headers = {}, body }: RtspAnswer): string {
  const all = { ...(cseq && { CSeq: cseq }), ...headers, ...(body && { 'Content-Length': String(Buffer.byteLength(body)) }) }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `RTSP/1.0 ${status} ${REASONS[status] ?? 'Error'}\r\n${lines.join('')}\r\n${body ?? ''}`
}
