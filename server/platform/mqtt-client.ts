/**
 * A connection to an external MQTT broker. Messages are acknowledged one after the other, each when `take` resolves; while `take` cannot
 * (the database is away) the message is held and tried again, and the broker keeps what follows.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type IPublishPacket, type MqttClient } from 'mqtt'

export type ClientOptions = { url: string; clientId: string; topics: string[] }
export type ClientHooks = {
  take: (message: { topic: string; payload: Buffer; isDuplicate: boolean }) => Promise<void> | null
  onConnect: () => void
  onLost: (error?: Error) => void
}
const RETRY_MS = 500
const PUBLISH_WITHIN_MS = 5000

export class MqttConnection {
  readonly #options: ClientOptions
  readonly #hooks: ClientHooks
  #client: MqttClient | null = null
  #isStopping = false

  constructor(options: ClientOptions, hooks: ClientHooks) {
    this.#options = options
    this.#hooks = hooks
  }

  /** Connects and keeps the connection; a broker that is away is tried again each second. */
  start(): void {
    const { url, clientId, topics } = this.#options
    const client = connect(url, { clientId, clean: false, protocolVersion: 4, reconnectPeriod: 1000, resubscribe: true })
    this.#client = client
    client.handleMessage = (packet, done) => void this.#take(packet as IPublishPacket).then(() => done())
    client.on('connect', () =>
      client.subscribe(topics, { qos: 1 }, (error) => (error ? this.#hooks.onLost(error) : this.#hooks.onConnect()))
    )
    client.on('error', (error) => this.#hooks.onLost(error))
    client.on('close', () => this.#hooks.onLost())
  }

  async #take({ topic, payload, dup }: IPublishPacket): Promise<void> {
    const message = { topic, payload: Buffer.from(payload as Buffer), isDuplicate: dup === true }
    while (!this.#isStopping) {
      try {
        return void (await this.#hooks.take(message))
      } catch {
        await sleep(RETRY_MS)
      }
    }
    return new Promise(() => {}) // stopping: never acknowledged, so the broker delivers it again
  }

  /** Sends with QoS 1, now or not at all: what waited for a broker to come back would be obeyed too late. Throws when it is not acknowledged. */
  publish(topic: string, payload: string, { retain }: { retain: boolean }): Promise<void> {
    const client = this.#client
    if (!client?.connected) return Promise.reject(new Error('not connected to the mqtt broker'))
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    client.publish(topic, payload, { qos: 1, retain }, (error) => (error ? reject(error) : resolve()))
    const messageId = client.getLastMessageId()
    const timer = setTimeout(() => client.removeOutgoingMessage(messageId), PUBLISH_WITHIN_MS)
    return promise.finally(() => clearTimeout(timer))
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#client?.endAsync(true)
  }
}
