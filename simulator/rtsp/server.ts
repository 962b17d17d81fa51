/** An RTSP server for simulated cameras: publishes H.264 sources to any number of clients, and fails on demand as cameras do. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { VideoSource } from './access-unit.ts'
import type { StreamCredentials } from './auth.ts'
import { serveConnection } from './connection.ts'
import { type JoinAt, Stream } from './stream.ts'

export type RtspServerOptions = {
  /** 0 = any free one. */
  port: number
  host?: string
  /** Clients must bring these. */
  credentials?: StreamCredentials
  joinAt?: JoinAt
}

export type PublishOptions = { name?: string; onEnded?: (reason: string) => void }

/** Listens until it is closed. Paths begin with a slash, as in `/entry`. */
export class RtspServer {
  readonly port: number
  #options: RtspServerOptions
  #server: Server
  #sockets: Set<Socket>
  #streams: Map<string, Stream>
  #udp: UdpSocket[]
  #closing: Promise<void> | null = null

  constructor(server: Server, options: RtspServerOptions, { sockets, streams, udp }: Belongings) {
    this.port = (server.address() as AddressInfo).port
    this.#options = options
    this.#server = server
    this.#sockets = sockets
    this.#streams = streams
    this.#udp = udp
  }

  /**
   * Starts the source; resolves with its first picture. Throws an Error with the source's words when there is none, when the path is
   * taken or the server closed. `onEnded` is told when the source ends by itself later: clients have been hung up on, and are told 503 from then on.
   */
  async publish(path: string, source: VideoSource, { name = path.slice(1), onEnded }: PublishOptions = {}): Promise<void> {
    if (this.#closing) throw new Error(`the server is closed, ${path} cannot be published`)
    if (this.#streams.has(path)) throw new Error(`${path} is published already`)
    const stream = new Stream(name, source, this.#options.joinAt ?? 'last-keyframe')
    this.#streams.set(path, stream)
    await stream.start(onEnded).catch(async (error: Error) => {
      await this.unpublish(path)
      throw error
    })
  }

  /** Stops the source and hangs up on its clients; the path is unknown (404) from then on. */
  async unpublish(path: string): Promise<void> {
    const stream = this.#streams.get(path)
    this.#streams.delete(path)
    await stream?.stop()
  }

  /** Where to watch, with the credentials that are asked for. */
  url(path: string): string {
    const { host = '127.0.0.1', credentials } = this.#options
    const login = credentials ? `${encodeURIComponent(credentials.username)}:${encodeURIComponent(credentials.password)}@` : ''
    return `rtsp://${login}${host}:${this.port}${path}`
  }

  /** What the source has made so far; bytes are those of RTP payload. */
  made = (path: string): { pictures: number; bytes: number } => this.#stream(path).made

  /** How many clients play it now. */
  viewers = (path: string): number => this.#stream(path).viewers.size

  /** Resolves as soon as at least `count` clients play it. */
  untilWatched = (path: string, count = 1): Promise<void> => this.#stream(path).untilWatched(count)

  /** Fault: connections stay open and nothing comes for so long. Goes on at a keyframe. */
  silence = (path: string, ms: number): void => this.#stream(path).silence(ms)

  /** Fault: closes the connections of all who watch it. They may come again at once. */
  hangUp = (path: string): void => this.#stream(path).hangUp()

  /** Fault: who asks for it is told 503, until called with false. Who watches already goes on. */
  refuse(path: string, isRefusing = true): void {
    this.#stream(path).isRefusing = isRefusing
  }

  /** Stops every source and closes every connection; the port is free again. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    await Promise.all([...this.#streams.keys()].map((path) => this.unpublish(path)))
    for (const socket of this.#sockets) socket.destroy()
    for (const socket of this.#udp) socket.close()
    await closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #stream(path: string): Stream {
    const stream = this.#streams.get(path)
    if (!stream) throw new Error(`${path} is not published`)
    return stream
  }
}

type Belongings = { sockets: Set<Socket>; streams: Map<string, Stream>; udp: UdpSocket[] }

/** Resolves once it listens. Throws the system's error when the port is taken. */
export async function openRtspServer(options: RtspServerOptions): Promise<RtspServer> {
  const { host = '127.0.0.1', port, credentials = null } = options
  const own: Belongings = { sockets: new Set(), streams: new Map(), udp: [] }
  let ports: Promise<{ rtp: UdpSocket; rtcp: UdpSocket }> | null = null
  const openPorts = async () => ({ rtp: await udpSocket(host, own.udp), rtcp: await udpSocket(host, own.udp) })
  const udp = () => {
    ports ??= openPorts()
    return ports
  }
  const server = createServer((socket) => {
    own.sockets.add(socket)
    socket.once('close', () => own.sockets.delete(socket))
    serveConnection(socket, { streams: own.streams, credentials, udp })
  })
  server.listen(port, host)
  await once(server, 'listening')
  return new RtspServer(server, options, own)
}

async function udpSocket(host: string, opened: UdpSocket[]): Promise<UdpSocket> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  opened.push(socket)
  socket.on('error', () => undefined)
  socket.bind(0, host)
  await once(socket, 'listening')
  return socket
}
