/**
 * The embedded MQTT 3.1.1 broker. It stores nothing itself: a publish is handed to `take` and acknowledged when that resolves, so a PUBACK
 * means whatever `take` promises. A `take` that throws closes the connection without acknowledgement: the device will send again.
 * No session outlives its connection: a command or a door's answer that waited for a device to come back would be obeyed too late.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { Aedes, type AuthenticateError, type Client, type ConnectPacket, type PublishPacket } from 'aedes'
import { writeToStream } from 'mqtt-packet'
import { Connections, type Identity, type Signed } from './mqtt-connections.ts'
import { PacketMeter } from './mqtt-packets.ts'

export type { Identity }
export type Incoming = { identity: Identity; topic: string; payload: Buffer; isDuplicate: boolean }
export type BrokerHooks = {
  /** Who has this name and password? Null for nobody. */
  identify: (username: string, password: string) => Signed | null
  mayPublish: (identity: Identity, topic: string) => boolean
  maySubscribe: (identity: Identity, topic: string) => boolean
  /** May this be kept for later subscribers, and be a last will? */
  isStatus: (topic: string, payload: Buffer) => boolean
  take: (message: Incoming) => Promise<void> | null
  /** A line was cut because of what came over it. */
  onCut?: (reason: string, identity: Identity | null) => void
  onError?: (error: Error) => void
}
export type BrokerOptions = {
  host: string
  port: number
  tls?: { cert: Buffer; key: Buffer } | undefined
  maxPayloadBytes: number
  /** Packets of one connection, of any kind. */
  maxPacketsPerSecond: number
}
writeToStream.cacheNumbers = false // a buffer for each of 65 536 packet ids, made beforehand, is 7 MB for nothing

const CONNECT_WITHIN_MS = 10_000
const LONGEST_KEEPALIVE_SECONDS = 3600
/** A peer that does not read what it asked for is cut: it must not hold up what others are told. */
const DRAIN_WITHIN_MS = 5000
const MOST_CONNECTIONS = 2048
/** A PUBLISH holds a topic and a payload. A CONNECT holds names, a key and a short will, a SUBSCRIBE a few topics: one of 256 KiB would be 60 000. */
const LARGEST_OTHER_BYTES = 4096
const LONGEST_TOPIC_BYTES = 512
/** Messages of one connection that wait for their commit: a device that sends more is read no further until some are done. */
const MOST_IN_FLIGHT = 256
const MOST_QOS_2 = 20
const KEYS_CHECKED_EVERY_MS = 500
const BAD_CREDENTIALS = 4
const BAD_CLIENT_ID = 2
const NOT_AUTHORIZED = 5

export class MqttBroker {
  readonly #hooks: BrokerHooks
  readonly #options: BrokerOptions
  readonly #connections = new Connections()
  /** What a CONNECT asked for, from the moment it came until it is answered. */
  readonly #asking = new WeakMap<Client, { identity: Signed | null; clientId: string; refusal: AuthenticateError | null }>()
  readonly #inFlight = new WeakMap<object, { messages: number; isHeld: boolean }>()
  #aedes: Aedes | null = null
  #server: Server | null = null
  #keyCheck: NodeJS.Timeout | null = null

  constructor(options: BrokerOptions, hooks: BrokerHooks) {
    this.#options = options
    this.#hooks = hooks
  }

  /** Listens. Returns the port. Throws what the system said (EADDRINUSE, …). */
  async start(): Promise<number> {
    const { host, port, tls } = this.#options
    const aedes = await Aedes.createBroker({
      connectTimeout: CONNECT_WITHIN_MS,
      drainTimeout: DRAIN_WITHIN_MS,
      maxInflightInbound: MOST_QOS_2,
      maxClientsIdLength: 256,
      maxTopicLevels: 8,
      queueLimit: 1000,
      preConnect: (client, packet, done) => done(null, this.#ask(client, packet)),
      authenticate: (client, _username, _password, done) => this.#authenticate(client, done),
      authorizePublish: (client, packet, done) => this.#publish(client, packet, done),
      authorizeSubscribe: (client, subscription, done) => {
        const identity = this.#connections.identityOf(client)
        done(null, identity && this.#hooks.maySubscribe(identity, subscription.topic) ? subscription : null)
      },
      authorizeForward: (client, packet) => (this.#connections.identityOf(client) ? packet : null)
    })
    for (const failed of ['clientError', 'connectionError'] as const) aedes.on(failed, () => {})
    this.#aedes = aedes
    const welcome = (socket: Socket) => void aedes.handle(this.#metered(socket))
    const server = tls ? createTlsServer({ ...tls, handshakeTimeout: CONNECT_WITHIN_MS }, welcome) : createServer(welcome)
    server.maxConnections = MOST_CONNECTIONS
    server.on('connection', (socket: Socket) => this.#connections.admit(socket))
    this.#server = server
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
    server.on('error', (error) => this.#hooks.onError?.(error))
    this.#keyCheck = setInterval(() => this.#connections.cutEnded(), KEYS_CHECKED_EVERY_MS).unref()
    const address = server.address()
    return typeof address === 'object' && address ? address.port : port
  }

  /** Stops listening and closes every connection; what was being taken is acknowledged or comes again. */
  async stop(): Promise<void> {
    const aedes = this.#aedes
    const server = this.#server
    this.#aedes = null
    if (this.#keyCheck) clearInterval(this.#keyCheck)
    const closed = server && new Promise<void>((resolve) => server.close(() => resolve()))
    this.#connections.cutStrangers()
    if (aedes) await new Promise<void>((resolve) => aedes.close(resolve))
    await closed
  }

  /** Sends to whoever subscribed and is connected. */
  publish(topic: string, payload: string, { retain }: { retain: boolean }): Promise<void> {
    const packet = { cmd: 'publish' as const, topic, payload: Buffer.from(payload), qos: 1 as const, retain, dup: false }
    return new Promise((resolve, reject) => {
      if (!this.#aedes) return resolve()
      this.#aedes.publish(packet, (error) => (error ? reject(error) : resolve()))
    })
  }

  get connectedClients(): number {
    return this.#aedes?.connectedClients ?? 0
  }

  /** The socket, read only as fast as its messages are done with, and cut at the first packet that is too large. */
  #metered(socket: Socket): Socket {
    const { maxPayloadBytes, maxPacketsPerSecond: perSecond } = this.#options
    const meter = new PacketMeter({
      otherBytes: LARGEST_OTHER_BYTES,
      publishBytes: maxPayloadBytes + LONGEST_TOPIC_BYTES,
      perSecond
    })
    const flow = { messages: 0, isHeld: false }
    this.#inFlight.set(socket, flow)
    const read = socket.read.bind(socket)
    socket.read = (size?: number) => {
      if (size !== 0 && flow.messages >= MOST_IN_FLIGHT) {
        flow.isHeld = true
        return null
      }
      const chunk = read(size)
      const wrong = chunk === null ? null : meter.follow(chunk, performance.now())
      if (wrong === null) return chunk
      this.#cut(socket, wrong)
      return null
    }
    return socket
  }

  #cut(socket: Socket, reason: string): void {
    const { client } = socket as Socket & { client?: Client }
    this.#hooks.onCut?.(reason, client ? this.#connections.ownerOf(client) : null)
    socket.destroy()
  }

  /** Reads a CONNECT before anything comes of it. Within the broker a client id is the device's own, whatever others call themselves. */
  #ask(client: Client, packet: ConnectPacket): boolean {
    const { username, password, clientId, will } = packet
    const identity = username && password ? this.#hooks.identify(username, password.toString('utf8')) : null
    const refusal = !identity
      ? refused(BAD_CREDENTIALS, 'bad user name or password')
      : !this.#connections.mayUse(clientId, identity)
        ? refused(BAD_CLIENT_ID, 'this client id is another device’s')
        : will && !(this.#hooks.mayPublish(identity, will.topic) && this.#hooks.isStatus(will.topic, Buffer.from(will.payload)))
          ? refused(NOT_AUTHORIZED, 'a last will is the device’s own status')
          : null
    this.#asking.set(client, { identity, clientId, refusal })
    packet.clean = true
    packet.clientId = `${identity?.kind}/${identity?.id}/${clientId}`
    packet.keepalive = Math.min(packet.keepalive || LONGEST_KEEPALIVE_SECONDS, LONGEST_KEEPALIVE_SECONDS)
    return true
  }

  #authenticate(client: Client, done: (error: AuthenticateError | null, success: boolean | null) => void): void {
    const { identity, clientId, refusal } = this.#asking.get(client)!
    this.#asking.delete(client)
    if (refusal || !identity) return done(refusal, false)
    this.#connections.hold({ identity, clientId, client })
    done(null, true)
  }

  #publish(client: Client | null, packet: PublishPacket, done: (error?: Error | null) => void): void {
    if (!client) return done(null)
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload
    const isStatus = this.#hooks.isStatus(packet.topic, payload)
    // A line that is closed leaves nothing but its will, which counts even when the key has ended since.
    const identity = client.closed ? (isStatus ? this.#connections.ownerOf(client) : null) : this.#connections.identityOf(client)
    if (!identity) return done(new Error('not signed in'))
    if (!this.#hooks.mayPublish(identity, packet.topic)) {
      this.#hooks.onCut?.('forbidden topic', identity)
      return done(new Error(`${identity.id} may not publish to ${packet.topic}`))
    }
    packet.retain &&= isStatus
    let taken: Promise<void> | null
    try {
      taken = this.#hooks.take({ identity, topic: packet.topic, payload, isDuplicate: packet.dup })
    } catch (error) {
      return done(error as Error)
    }
    if (taken === null) return done(null)
    this.#counted(client.conn as Socket, taken).then(() => done(null), done)
  }

  async #counted(socket: Socket, taken: Promise<void>): Promise<void> {
    const flow = this.#inFlight.get(socket)!
    flow.messages += 1
    try {
      await taken
    } finally {
      flow.messages -= 1
      if (flow.isHeld && flow.messages < MOST_IN_FLIGHT / 2) {
        flow.isHeld = false
        setImmediate(() => socket.emit('readable'))
      }
    }
  }
}

function refused(returnCode: number, message: string): AuthenticateError {
  return Object.assign(new Error(message), { returnCode }) as AuthenticateError
}
