/**
 * The embedded MQTT 3.1.1 broker. It stores nothing itself: a publish is handed to `take` and acknowledged when that resolves, so a PUBACK
 * means whatever `take` promises. A `take` that throws closes the connection without acknowledgement: the device will send again.
 */
import { createServer, type Server } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { Aedes, type AuthenticateError, type Client } from 'aedes'

export type Identity = { kind: string; id: string }
export type Incoming = { identity: Identity; topic: string; payload: Buffer; isDuplicate: boolean }
export type BrokerHooks = {
  /** Who has this name and password? Null for nobody. */
  identify: (username: string, password: string) => Identity | null
  mayPublish: (identity: Identity, topic: string) => boolean
  maySubscribe: (identity: Identity, topic: string) => boolean
  /** May this message be kept for later subscribers? */
  isRetained: (topic: string) => boolean
  take: (message: Incoming) => Promise<void> | null
  onError?: (error: Error) => void
}
export type BrokerOptions = {
  host: string
  port: number
  tls?: { cert: Buffer; key: Buffer } | undefined
  maxPayloadBytes: number
}
/** A message larger than this in flight is an attack, not a device: the line is cut. */
const CONNECT_TIMEOUT_MS = 10_000
const BAD_CREDENTIALS = 4
const BAD_CLIENT_ID = 2

export class MqttBroker {
  readonly #hooks: BrokerHooks
  readonly #options: BrokerOptions
  readonly #identities = new WeakMap<Client, Identity>()
  /** Which identity a client id belongs to: another's may not take over its connection. */
  readonly #clientIds = new Map<string, string>()
  #aedes: Aedes | null = null
  #server: Server | null = null

  constructor(options: BrokerOptions, hooks: BrokerHooks) {
    this.#options = options
    this.#hooks = hooks
  }

  /** Listens. Returns the port. Throws what the system said (EADDRINUSE, …). */
  async start(): Promise<number> {
    const { host, port, tls } = this.#options
    const aedes = await Aedes.createBroker({
      connectTimeout: CONNECT_TIMEOUT_MS,
      keepaliveLimit: 3600,
      maxClientsIdLength: 128,
      queueLimit: 1000,
      authenticate: (client, username, password, done) => this.#authenticate(client, { username, password }, done),
      authorizePublish: (client, packet, done) => this.#publish(client, packet, done),
      authorizeSubscribe: (client, subscription, done) => {
        const identity = this.#identities.get(client)
        done(null, identity && this.#hooks.maySubscribe(identity, subscription.topic) ? subscription : null)
      }
    })
    aedes.on('clientError', () => {})
    aedes.on('connectionError', () => {})
    this.#aedes = aedes
    const server = tls ? createTlsServer(tls, (socket) => aedes.handle(socket)) : createServer((socket) => aedes.handle(socket))
    this.#server = server
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
    server.on('error', (error) => this.#hooks.onError?.(error))
    const address = server.address()
    return typeof address === 'object' && address ? address.port : port
  }

  /** Stops listening and closes every connection; what was being taken is acknowledged or comes again. */
  async stop(): Promise<void> {
    const aedes = this.#aedes
    const server = this.#server
    this.#aedes = null
    if (aedes) await new Promise<void>((resolve) => aedes.close(resolve))
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()))
  }

  /** Sends to whoever subscribed. */
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

  #authenticate(
    client: Client,
    { username, password }: { username: string | undefined; password: Buffer | undefined },
    done: (error: AuthenticateError | null, success: boolean | null) => void
  ): void {
    const identity = username && password ? this.#hooks.identify(username, password.toString('utf8')) : null
    if (!identity) return done(refusal(BAD_CREDENTIALS, 'bad user name or password'), false)
    const owner = `${identity.kind}/${identity.id}`
    if ((this.#clientIds.get(client.id) ?? owner) !== owner)
      return done(refusal(BAD_CLIENT_ID, 'this client id is another device’s'), false)
    this.#clientIds.set(client.id, owner)
    this.#identities.set(client, identity)
    if (client.clean) client.conn.once('close', () => this.#clientIds.delete(client.id))
    done(null, true)
  }

  #publish(
    client: Client | null,
    packet: { topic: string; payload: string | Buffer; retain: boolean; dup: boolean },
    done: (error?: Error | null) => void
  ): void {
    const identity = client && this.#identities.get(client)
    if (!identity) return done(client ? new Error('not signed in') : null)
    if (!this.#hooks.mayPublish(identity, packet.topic))
      return done(new Error(`${identity.id} may not publish to ${packet.topic}`))
    if (packet.payload.length > this.#options.maxPayloadBytes) return done(new Error('payload too large'))
    const isRetained = packet.retain && this.#hooks.isRetained(packet.topic)
    packet.retain = isRetained
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload
    let taken: Promise<void> | null
    try {
      taken = this.#hooks.take({ identity, topic: packet.topic, payload, isDuplicate: packet.dup })
    } catch (error) {
      return done(error as Error)
    }
    if (taken === null) return done(null)
    taken.then(() => done(null), done)
  }
}

function refusal(returnCode: number, message: string): AuthenticateError {
  return Object.assign(new Error(message), { returnCode }) as AuthenticateError
}
