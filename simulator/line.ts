/** One device's connection to the store: HTTP requests in their turn, MQTT with presence and last will, and whatever was not taken is sent again. */
import { setTimeout as delay } from 'node:timers/promises'
import { connect, type MqttClient } from 'mqtt'
import { type DeviceKind, statusTopic } from '#contracts/device/heartbeat.ts'

export type LineSettings = {
  kind: DeviceKind
  deviceId: string
  deviceKey: string
  transport: 'http' | 'mqtt'
  storeId: string
  baseUrl: string
  mqttUrl: string
  say: (line: string) => void
}

/** A device that could not speak for so many messages forgets the oldest. */
const MOST_WAITING = 600
const RETRY_MS = [200, 500, 1000, 2000, 5000]
const CONNECT_MS = 10_000
const FINISH_MS = 2000

/** Not started: nothing is sent. Started: connected, or trying to be. Stopped: has said `offline` and is silent. */
export class DeviceLine {
  readonly settings: LineSettings
  readonly storeId: string
  readonly deviceId: string
  readonly transport: 'http' | 'mqtt'
  #client: MqttClient | null = null
  #handlers = new Map<string, (body: unknown) => void>()
  #waiting: { path: string; body: object }[] = []
  #sending: Promise<void> | null = null
  #stopping = new AbortController()

  constructor(settings: LineSettings) {
    this.settings = settings
    this.storeId = settings.storeId
    this.deviceId = settings.deviceId
    this.transport = settings.transport
  }

  /** Connects; gives up waiting, but not trying, after 10 s. */
  async start(): Promise<void> {
    const { kind, deviceKey, mqttUrl, say } = this.settings
    const status = statusTopic(this.storeId, kind, this.deviceId)
    const will = { topic: status, payload: Buffer.from('offline'), qos: 1 as const, retain: true }
    const client = connect(mqttUrl, {
      clientId: this.deviceId,
      username: this.deviceId,
      password: deviceKey,
      will,
      reconnectPeriod: 1000
    })
    this.#client = client
    client.on('error', (error) => say(`${this.deviceId} cannot connect: ${error.message}`))
    client.on('message', (topic, payload) => this.#hear(topic, payload))
    const connected = new Promise<void>((resolve) => {
      client.on('connect', () => {
        client.publish(status, 'online', { qos: 1, retain: true })
        resolve()
      })
    })
    await Promise.race([
      connected,
      delay(CONNECT_MS, undefined, { signal: this.#stopping.signal, ref: false }).catch(() => undefined)
    ])
  }

  /** Says `offline`, finishes what is on its way for at most 2 s, and hangs up. */
  async stop(): Promise<void> {
    await Promise.race([this.#sending ?? Promise.resolve(), delay(FINISH_MS, undefined, { ref: false })])
    this.#stopping.abort()
    const client = this.#client
    if (!client) return
    const { kind } = this.settings
    if (client.connected)
      await client
        .publishAsync(statusTopic(this.storeId, kind, this.deviceId), 'offline', { qos: 1, retain: true })
        .catch(() => undefined)
    await Promise.race([client.endAsync(), delay(FINISH_MS, undefined, { ref: false })])
    if (!client.disconnected) await client.endAsync(true)
  }

  /** MQTT, QoS 1: kept until acknowledged, and sent again after a reconnect. */
  publish(topic: string, body: object): void {
    this.#client?.publish(topic, JSON.stringify(body), { qos: 1 })
  }

  /** Calls `handler` with each message of a topic from now on. */
  listen<T>(topic: string, handler: (body: T) => void): void {
    this.#handlers.set(topic, (body) => handler(body as T))
    this.#client?.subscribe(topic, { qos: 1 })
  }

  /** The next message of a topic after `say` was called, or null when none comes in time. */
  async answerOn<T>(topic: string, say: () => void, withinMs: number): Promise<T | null> {
    const { promise, resolve } = Promise.withResolvers<T | null>()
    const isNew = !this.#handlers.has(topic)
    this.#handlers.set(topic, (body) => resolve(body as T))
    const timer = setTimeout(() => resolve(null), withinMs)
    if (isNew) await this.#client?.subscribeAsync(topic, { qos: 1 }).catch(() => resolve(null))
    say()
    return promise.finally(() => clearTimeout(timer))
  }

  /** HTTP, in order: the next body goes once the store took this one. Kept and sent again while the store cannot be reached or says 429 or 5xx. */
  post(path: string, body: object): void {
    this.#waiting.push({ path, body })
    if (this.#waiting.length > MOST_WAITING) this.#waiting.shift()
    this.#sending ??= this.#sendWaiting().finally(() => {
      this.#sending = null
    })
  }

  async #sendWaiting(): Promise<void> {
    for (let tries = 0; this.#waiting.length > 0 && !this.#stopping.signal.aborted; ) {
      const { path, body } = this.#waiting[0]!
      const status = await this.#request(path, body, 5000)
        .then((r) => r.status)
        .catch(() => 0)
      if (status === 0 || status === 429 || status >= 500) {
        await delay(RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)], undefined, { signal: this.#stopping.signal }).catch(
          () => undefined
        )
        continue
      }
      if (status >= 400) this.settings.say(`${this.deviceId}: ${path} answered ${status}`)
      tries = 0
      this.#waiting.shift()
    }
  }

  /** HTTP, at once and only once: the answer's body whatever its status, or null when there is none in time. */
  async ask<T>(path: string, body: object, withinMs: number): Promise<T | null> {
    return this.#request(path, body, withinMs)
      .then((r) => r.json() as Promise<T>)
      .catch(() => null)
  }

  #request(path: string, body: object, withinMs: number): Promise<Response> {
    const headers = { authorization: `Bearer ${this.settings.deviceKey}`, 'content-type': 'application/json' }
    return fetch(new URL(path, this.settings.baseUrl), {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(withinMs)
    })
  }

  #hear(topic: string, payload: Buffer): void {
    try {
      this.#handlers.get(topic)?.(JSON.parse(payload.toString()))
    } catch (error) {
      this.settings.say(`${this.deviceId} cannot read what it was sent on ${topic}: ${(error as Error).message}`)
    }
  }
}
