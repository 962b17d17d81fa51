/** The MQTT transport of device messages: who may say what, and what becomes of it. Acknowledged once durable; malformed ones acknowledged and dropped. */
import { readFileSync } from 'node:fs'
import { MAX_DEVICE_BODY_BYTES, parseDeviceTopic } from '#contracts/device/heartbeat.ts'
import type { Context } from '#server/context.ts'
import { machineByKey, machineLost } from '#server/domain/iot/actions.ts'
import { scannerByKey, setScannerOnline } from '#server/domain/user/actions.ts'
import { Invalid, NotFound, Refused } from '#server/platform/errors.ts'
import type { LogFile } from '#server/platform/log-file.ts'
import { type Identity, type Incoming, MqttBroker } from '#server/platform/mqtt-broker.ts'
import { MqttConnection } from '#server/platform/mqtt-client.ts'
import { RateLimit } from '#server/platform/rate-limit.ts'
import { readJson } from '#server/platform/untrusted.ts'
import { logLine } from './http.ts'
import { MESSAGES } from './index.ts'

const PUBLISHED: Record<string, string[]> = {
  machine: ['heartbeat', 'samples', 'change', 'command/ack', 'status'],
  scanner: ['scan', 'status']
}
const SUBSCRIBED: Record<string, string[]> = { machine: ['command'], scanner: ['result'] }

/** Opens the store's MQTT door: its own broker, or MQTT_URL's. Returns its port (null for an external one) and the way to close it. */
export async function openMqtt(
  ctx: Context,
  log: LogFile | null
): Promise<{ port: number | null; isConnected: () => boolean; stop: () => Promise<void> }> {
  const take = taker(ctx, log)
  if (ctx.config.mqttUrl) return openExternal(ctx, ctx.config.mqttUrl, take)
  const { mqttHost: host, mqttPort: port, tlsCertFile, tlsKeyFile } = ctx.config
  const tls = tlsCertFile && tlsKeyFile ? { cert: readFileSync(tlsCertFile), key: readFileSync(tlsKeyFile) } : undefined
  const broker = new MqttBroker(
    { host, port, tls, maxPayloadBytes: MAX_DEVICE_BODY_BYTES },
    {
      identify: (username, password) => identify(ctx, username, password),
      mayPublish: (identity, topic) => isOwn(ctx, identity, { topic, channels: PUBLISHED }),
      maySubscribe: (identity, topic) => isOwn(ctx, identity, { topic, channels: SUBSCRIBED }),
      isRetained: (topic) => topic.endsWith('/status'),
      take,
      onError: (err) => ctx.log.error({ err }, 'mqtt broker failed')
    }
  )
  const actual = await broker.start()
  ctx.link.attach((topic, payload, options) => broker.publish(topic, payload, options))
  ctx.metrics.gauge('niflr_mqtt_clients', 'Devices connected over MQTT', () => broker.connectedClients)
  return { port: actual, isConnected: () => true, stop: () => close(ctx, () => broker.stop()) }
}

async function openExternal(ctx: Context, url: string, take: ReturnType<typeof taker>) {
  const { storeId } = ctx.store
  const topics = Object.entries(PUBLISHED).flatMap(([kind, channels]) =>
    channels.map((channel) => `store/${storeId}/${kind}/+/${channel}`)
  )
  let isConnected = false
  const connection = new MqttConnection(
    { url, clientId: `niflr-${storeId}`, topics },
    {
      take: ({ topic, payload, isDuplicate }) => {
        const parsed = parseDeviceTopic(topic)
        return parsed && take({ identity: { kind: parsed.kind, id: parsed.deviceId }, topic, payload, isDuplicate })
      },
      onConnect: () => {
        isConnected = true
        ctx.log.info('connected to the mqtt broker')
      },
      onLost: (err) => {
        if (isConnected || err) ctx.log.warn({ err }, 'mqtt broker lost')
        isConnected = false
      }
    }
  )
  connection.start()
  ctx.link.attach((topic, payload, options) => connection.publish(topic, payload, options))
  return { port: null, isConnected: () => isConnected, stop: () => close(ctx, () => connection.stop()) }
}

async function close(ctx: Context, stop: () => Promise<void>): Promise<void> {
  ctx.link.attach(null)
  await stop()
}

function identify(ctx: Context, username: string, password: string): Identity | null {
  if (machineByKey(ctx, password)?.machineId === username) return { kind: 'machine', id: username }
  if (scannerByKey(ctx, password)?.scannerId === username) return { kind: 'scanner', id: username }
  return null
}

/** A device speaks and listens under its own branch only, and no wildcard ever fits. */
function isOwn(
  ctx: Context,
  identity: Identity,
  { topic, channels }: { topic: string; channels: Record<string, string[]> }
): boolean {
  const parsed = parseDeviceTopic(topic)
  if (!parsed || parsed.storeId !== ctx.store.storeId) return false
  return parsed.kind === identity.kind && parsed.deviceId === identity.id && channels[parsed.kind]!.includes(parsed.channel)
}

function taker(ctx: Context, log: LogFile | null) {
  const limit = new RateLimit(ctx.config.deviceRatePerSecond)
  const dropped = ctx.metrics.counter('niflr_mqtt_dropped_total', 'MQTT messages acknowledged and dropped, by reason', ['reason'])
  const drop = (message: Incoming, reason: string, detail: string) => {
    dropped.inc({ reason })
    ctx.log.warn({ deviceId: message.identity.id, topic: message.topic, reason, detail }, 'device message dropped')
  }
  return (message: Incoming): Promise<void> | null => {
    const { kind, deviceId, channel } = parseDeviceTopic(message.topic)!
    if (channel === 'status') return presence(ctx, message.identity, message.payload.toString('utf8'))
    if (!limit.take(`${kind}/${deviceId}`, performance.now()))
      throw new Refused('too-many-requests', `${kind} ${deviceId} sends more than its share`)
    const receivedMs = ctx.clock.now().getTime()
    try {
      const body = readJson(message.payload.toString('utf8'), 'payload')
      const durable = MESSAGES[`${kind}/${channel}`]!(ctx, { deviceId, body, receivedMs, isDuplicate: message.isDuplicate })
      if (channel === 'heartbeat') log?.write(logLine(receivedMs, body))
      return durable && durable.catch((error: unknown) => forgive(error, (reason, detail) => drop(message, reason, detail)))
    } catch (error) {
      forgive(error, (reason, detail) => drop(message, reason, detail))
      return null
    }
  }
}

/** What would be no better sent again is dropped; everything else is the sender's to send again. */
function forgive(error: unknown, drop: (reason: string, detail: string) => void): void {
  if (error instanceof Invalid) drop('malformed', error.message)
  else if (error instanceof NotFound) drop('unknown', error.message)
  else if (error instanceof Refused) drop(error.code, error.message)
  else throw error
}

/** The retained status of a device and its last will. */
async function presence(ctx: Context, { kind, id }: Identity, status: string): Promise<void> {
  const isOnline = status === 'online'
  if (kind === 'scanner') await setScannerOnline(ctx, id, isOnline)
  else if (!isOnline) await machineLost(ctx, id)
}
