/** A small RTSP client that shows tests what is on the wire: answers, RTP packets put together again, and the wall clock of the sender reports. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export type RtspReply = { status: number; headers: Map<string, string>; body: string }
/** `atMs` is the wall-clock time by the last sender report before it; `arrivedMs` is when its last packet came. */
export type WirePicture = { nals: Buffer[]; isKey: boolean; atMs: number; arrivedMs: number }

const SECONDS_1900_TO_1970 = 2_208_988_800
const KEY_NAL = 5

/** Open until it is closed from either side. */
export class RtspClient {
  readonly socket: Socket
  #rest: Buffer = Buffer.alloc(0)
  #cseq = 0
  #replies: ((reply: RtspReply) => void)[] = []
  #pictures: WirePicture[] = []
  #tell: (() => void)[] = []
  #nals: Buffer[] = []
  #fragments: Buffer[] = []
  #sequence: number | null = null
  #report: { wallMs: number; rtp: number } | null = null
  gaps = 0
  isClosed = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('close', () => {
      this.isClosed = true
      for (const tell of this.#tell.splice(0)) tell()
    })
  }

  request(method: string, url: string, headers: Record<string, string> = {}): Promise<RtspReply> {
    const lines = Object.entries({ CSeq: String(++this.#cseq), ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
    this.socket.write(`${method} ${url} RTSP/1.0\r\n${lines.join('')}\r\n`)
    return new Promise((resolve) => this.#replies.push(resolve))
  }

  /** DESCRIBE, SETUP over TCP, PLAY. */
  async play(url: string): Promise<void> {
    await this.request('DESCRIBE', url)
    const { headers } = await this.request('SETUP', `${url}/trackID=0`, { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' })
    await this.request('PLAY', url, { Session: headers.get('session')!.split(';')[0]! })
  }

  /** The next pictures, in the order of their coming; fewer when the connection ends before. */
  async pictures(count: number): Promise<WirePicture[]> {
    while (this.#pictures.length < count && !this.isClosed) await new Promise<void>((resolve) => this.#tell.push(resolve))
    return this.#pictures.splice(0, count)
  }

  async untilClosed(): Promise<void> {
    while (!this.isClosed) await new Promise<void>((resolve) => this.#tell.push(resolve))
  }

  close(): void {
    this.socket.destroy()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk])
    while (this.#rest.length >= 4) {
      if (this.#rest[0] === 0x24) {
        const size = 4 + this.#rest.readUInt16BE(2)
        if (this.#rest.length < size) return
        const packet = this.#rest.subarray(4, size)
        if (this.#rest[1] === 0) this.#takeRtp(packet)
        else this.#takeReport(packet)
        this.#rest = this.#rest.subarray(size)
      } else {
        const end = this.#rest.indexOf('\r\n\r\n')
        if (end < 0) return
        const [first = '', ...lines] = this.#rest.toString('utf8', 0, end).split('\r\n')
        const headers = new Map(
          lines.map((line) => [line.split(':')[0]!.toLowerCase(), line.slice(line.indexOf(':') + 1).trim()])
        )
        const size = end + 4 + Number(headers.get('content-length') ?? 0)
        if (this.#rest.length < size) return
        this.#replies.shift()?.({
          status: Number(first.split(' ')[1]),
          headers,
          body: this.#rest.toString('utf8', end + 4, size)
        })
        this.#rest = this.#rest.subarray(size)
      }
    }
  }

  #takeReport(packet: Buffer): void {
    if (packet[1] !== 200) return
    const wallMs = (packet.readUInt32BE(8) - SECONDS_1900_TO_1970) * 1000 + (packet.readUInt32BE(12) / 2 ** 32) * 1000
    this.#report = { wallMs, rtp: packet.readUInt32BE(16) }
  }

  #takeRtp(packet: Buffer): void {
    const sequence = packet.readUInt16BE(2)
    if (this.#sequence !== null && sequence !== ((this.#sequence + 1) & 0xffff)) this.gaps += 1
    this.#sequence = sequence
    this.#takePayload(packet.subarray(12))
    if (!(packet[1]! & 0x80)) return
    const ticks = (packet.readUInt32BE(4) - (this.#report?.rtp ?? 0)) | 0
    const nals = this.#nals.splice(0)
    const atMs = this.#report ? this.#report.wallMs + ticks / 90 : Number.NaN
    this.#pictures.push({ nals, isKey: nals.some((nal) => (nal[0]! & 31) === KEY_NAL), atMs, arrivedMs: Date.now() })
    for (const tell of this.#tell.splice(0)) tell()
  }

  #takePayload(payload: Buffer): void {
    if ((payload[0]! & 31) !== 28) return void this.#nals.push(payload)
    if (payload[1]! & 0x80) this.#fragments = [Buffer.of((payload[0]! & 0xe0) | (payload[1]! & 31))]
    this.#fragments.push(payload.subarray(2))
    if (payload[1]! & 0x40) this.#nals.push(Buffer.concat(this.#fragments))
  }
}

/** Connects to the host of an RTSP URL. */
export async function openRtspClient(url: string): Promise<RtspClient> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  return new RtspClient(socket)
}

/** Pictures as a decoder's file: each NAL unit after a start code. */
export const annexB = (pictures: Pick<WirePicture, 'nals'>[]): Buffer =>
  Buffer.concat(pictures.flatMap(({ nals }) => nals.flatMap((nal) => [Buffer.of(0, 0, 0, 1), nal])))
