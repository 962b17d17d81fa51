/** One client's connection: the RTSP dialogue from OPTIONS to TEARDOWN. What it plays ends with it. */
import { randomBytes } from 'node:crypto'
import type { Socket as UdpSocket } from 'node:dgram'
import type { Socket } from 'node:net'
import { openGate, type StreamCredentials } from './auth.ts'
import { answerText, type RtspAnswer, type RtspRequest, requestReader } from './messages.ts'
import { describeStream, TRACK } from './sdp.ts'
import type { Stream, Viewer } from './stream.ts'

/** What a connection needs of its server. `udp` opens the ports to send from. */
export type Premises = {
  streams: Map<string, Stream>
  credentials: StreamCredentials | null
  udp(): Promise<{ rtp: UdpSocket; rtcp: UdpSocket }>
}

type Setup = { stream: Stream; viewer: Viewer; transport: string }
type State = { socket: Socket; premises: Premises; sessionId: string; setup: Setup | null }
type Method = (state: State, request: RtspRequest) => RtspAnswer | Promise<RtspAnswer>

const METHODS: Record<string, Method> = {
  OPTIONS: () => ({ status: 200, headers: { Public: Object.keys(METHODS).join(', ') } }),
  DESCRIBE: describe,
  SETUP: setUp,
  PLAY: play,
  PAUSE: (state) => withSetup(state, ({ stream, viewer }) => stream.leave(viewer)),
  GET_PARAMETER: (state) => ({ status: 200, headers: sessionHeader(state) }),
  SET_PARAMETER: (state) => ({ status: 200, headers: sessionHeader(state) }),
  TEARDOWN: (state) =>
    withSetup(state, ({ stream, viewer }) => {
      stream.leave(viewer)
      state.setup = null
    })
}

/** Talks to the client until either side hangs up. */
export function serveConnection(socket: Socket, premises: Premises): void {
  const state: State = { socket, premises, sessionId: randomBytes(8).toString('hex'), setup: null }
  const gate = premises.credentials ? openGate(premises.credentials) : null
  const read = requestReader()
  let last = Promise.resolve()
  const answer = async (request: RtspRequest) => {
    const isOpen = request.method === 'OPTIONS' || !gate || gate.admits(request)
    const method = METHODS[request.method] ?? (() => ({ status: 405 }))
    const reply = isOpen ? await method(state, request) : { status: 401, headers: { 'WWW-Authenticate': gate.challenge } }
    if (!socket.destroyed) socket.write(answerText(request.headers.get('cseq'), reply))
    if (request.method === 'PLAY' && reply.status === 200 && state.setup) state.setup.stream.join(state.setup.viewer)
  }
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.on('close', () => state.setup?.stream.leave(state.setup.viewer))
  socket.on('data', (chunk) => {
    try {
      for (const request of read(chunk)) last = last.then(() => answer(request)).catch(() => void socket.destroy())
    } catch {
      socket.end(answerText(undefined, { status: 400 }))
    }
  })
}

function describe({ premises }: State, { url }: RtspRequest): RtspAnswer {
  const stream = premises.streams.get(pathOf(url))
  if (!stream) return { status: 404 }
  if (stream.isRefusing || !stream.parameters) return { status: 503 }
  const headers = { 'Content-Base': `${url.replace(/\/$/, '')}/`, 'Content-Type': 'application/sdp' }
  return { status: 200, headers, body: describeStream(stream.parameters, stream.name) }
}

async function setUp(state: State, { url, headers }: RtspRequest): Promise<RtspAnswer> {
  const stream = state.premises.streams.get(pathOf(url))
  if (!stream) return { status: 404 }
  if (stream.isRefusing) return { status: 503 }
  if (state.setup) return { status: 455 }
  for (const offer of (headers.get('transport') ?? '').split(',')) {
    const chosen = /^RTP\/AVP\/TCP/.test(offer) ? overTcp(state, offer) : await overUdp(state, offer)
    if (!chosen) continue
    state.setup = { stream, ...chosen }
    return { status: 200, headers: { Transport: chosen.transport, ...sessionHeader(state) } }
  }
  return { status: 461 }
}

function play(state: State, request: RtspRequest): RtspAnswer {
  const { setup } = state
  if (!setup || request.headers.get('session')?.split(';')[0] !== state.sessionId) return { status: 454 }
  if (setup.stream.isRefusing) return { status: 503 }
  return { status: 200, headers: { ...sessionHeader(state), Range: 'npt=now-' } }
}

function withSetup(state: State, act: (setup: Setup) => void): RtspAnswer {
  if (!state.setup) return { status: 454 }
  act(state.setup)
  return { status: 200, headers: sessionHeader(state) }
}

const sessionHeader = ({ sessionId, setup }: State): Record<string, string> =>
  setup ? { Session: `${sessionId};timeout=60` } : {}
const pathOf = (url: string) => new URL(url).pathname.replace(new RegExp(`/?(${TRACK})?/?$`), '')

/** RTP and RTCP in the RTSP connection itself, each packet after four bytes of its own [RFC 2326, 10.12]. */
function overTcp({ socket }: State, offer: string): Omit<Setup, 'stream'> | null {
  const [, rtp = '0', rtcp = '1'] = /interleaved=(\d+)-(\d+)/.exec(offer) ?? []
  const send = (channel: number, packets: Buffer[]) => {
    if (socket.destroyed) return
    socket.cork()
    for (const packet of packets) {
      socket.write(Buffer.of(0x24, channel, packet.length >> 8, packet.length & 255))
      socket.write(packet)
    }
    socket.uncork()
  }
  const viewer: Viewer = {
    sendRtp: (packets) => send(Number(rtp), packets),
    sendRtcp: (packet) => send(Number(rtcp), [packet]),
    backlogBytes: () => socket.writableLength,
    hangUp: () => void socket.destroy(),
    awaitsKey: true
  }
  return { viewer, transport: `RTP/AVP/TCP;unicast;interleaved=${rtp}-${rtcp}` }
}

async function overUdp({ socket, premises }: State, offer: string): Promise<Omit<Setup, 'stream'> | null> {
  const [, rtpPort, rtcpPort] = /^RTP\/AVP(?:\/UDP)?;.*unicast.*client_port=(\d+)-(\d+)/.exec(offer) ?? []
  const address = socket.remoteAddress?.replace(/^::ffff:/, '')
  if (!rtpPort || !rtcpPort || !address) return null
  const { rtp, rtcp } = await premises.udp()
  const viewer: Viewer = {
    sendRtp: (packets) => packets.forEach((packet) => void rtp.send(packet, Number(rtpPort), address)),
    sendRtcp: (packet) => rtcp.send(packet, Number(rtcpPort), address),
    backlogBytes: () => rtp.getSendQueueSize(),
    hangUp: () => void socket.destroy(),
    awaitsKey: true
  }
  const ports = `client_port=${rtpPort}-${rtcpPort};server_port=${rtp.address().port}-${rtcp.address().port}`
  return { viewer, transport: `RTP/AVP;unicast;${ports}` }
}
