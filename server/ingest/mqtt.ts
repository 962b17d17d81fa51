/** The MQTT transport of device messages: who may say what, and what becomes of it. Acknowledged once durable; malformed ones acknowledged and dropped. */
import { readFileSync } from 'node:fs'
import { MAX_DEVICE_BODY_BYTES, parseDeviceTopic } from '#contracts/device/heartbeat.ts'
import type { Context } from '#server/context.ts'
import { isOnboarded, machineByKeyHash, machineLost } from '#server/domain/iot/actions.ts'
import { scannerById, scannerByKeyHash, setScannerOnline, trackerById, trackerByKeyHash } from '#server/domain/user/actions.ts'
import { Invalid, NotFound, Refused } from '#server/platform/errors.ts'
import { hashSecret } from '#server/platform/ids.ts'
import type { LogFile } from '#server/platform/log-file.ts'
import { type Identity, type Incoming, MqttBroker } from '#server/platform/mqtt-broker.ts'
import { RateLimit } from '#server/platform/rate-limit.ts'
import { refusalOf } from '#server/platform/refusals.ts'
import { readJson } from '#server/platform/untrusted.ts'
import { deviceLimit, logLine, oneLine } from './http.ts'
import { MESSAGES } from './index.ts'

const PUBLISHED: Record<string, string[]> = {
  machine: ['heartbeat', 'samples', 'change', 'command/ack', 'status'],
  scanner: ['scan', 'status'],
  tracker: ['positions', 'status']
}
const SUBSCRIBED: Record<string, string[]> = { machine: ['command'], scanner: ['result'], tracker: [] }

/** Opens the store's MQTT door: its own broker, or MQTT_URL's. Returns its port (null for an external one) and the way to close it. */
export async function openMqtt(
  ctx: Context,
  log: LogFile | null
): Promise<{ port: number | null; isConnected: () => boolean; stop: () => Promise<void> }> {
  const take = taker(ctx, log)
  if (ctx.config.mqttUrl) return openExternal(ctx, ctx.config.mqttUrl, take)
  const { mqttHost: host, mqttPort: port, tlsCertFile, tlsKeyFile } = ctx.config
  const tls = tlsCertFile && tlsKeyFile ? { cert: readFileSync(tlsCertFile), key: readFileSync(tlsKeyFile) } : undefined
  const cut = ctx.metrics.counter('niflr_mqtt_cut_total', 'MQTT connections cut because of what came over them, by reason', [
    'reason'
  ])
  const broker = new MqttBroker(
    { host, port, tls, maxPayloadBytes: MAX_DEVICE_BODY_BYTES, maxPacketsPerSecond: 2 * ctx.config.deviceRatePerSecond },
    {
      identify: (username, password) => identify(ctx, username, password) ?? strange(ctx, username),
      mayPublish: (identity, topic) => isOwn(ctx, identity, { topic, channels: PUBLISHED }),
      maySubscribe: (identity, topic) => isOwn(ctx, identity, { topic, channels: SUBSCRIBED }),
      isStatus: (topic, payload) => topic.endsWith('/status') && isPresence(payload.toString('utf8')),
      take,
      onCut: (reason, identity) => {
        cut.inc({ reason })
        if (identity) noteRefusal(ctx, identity, { reason: 'cut', detail: reason })
        ctx.log.debug({ reason, deviceId: identity?.id }, 'mqtt connection cut')
      },
      onError: (err) => ctx.log.error({ err }, 'mqtt broker failed')
    }
  )
  const actual = await broker.start()
  ctx.link.attach((topic, payload, options) => broker.publish(topic, payload, options))
  ctx.metrics.gauge('niflr_mqtt_clients', 'Devices connected over MQTT', () => broker.connectedClients)
  return { port: actual, isConnected: () => true, stop: () => close(ctx, () => broker.stop()) }
}

async function openExternal(ctx: Context, url: string, take: ReturnType<typeof taker>) {
  // a client is 2 MB that a store with its own broker does not need
  const { MqttConnection } = await import('#server/platform/mqtt-client.ts')
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

/** The device of a name and key. The key itself is not kept: only its hash, to know when it has ended. */
function identify(ctx: Context, username: string, password: string) {
  const keyHash = hashSecret(password).toString('hex')
  const isMachine = () => machineByKeyHash(ctx, keyHash)?.machineId === username
  const isScanner = () => scannerByKeyHash(ctx, keyHash)?.scannerId === username
  if (isMachine()) return { kind: 'machine', id: username, isCurrent: isMachine }
  if (isScanner()) return { kind: 'scanner', id: username, isCurrent: isScanner }
  const isTracker = () => trackerByKeyHash(ctx, keyHash)?.trackerId === username
  return isTracker() ? { kind: 'tracker', id: username, isCurrent: isTracker } : null
}

/** A key that is not the device’s, if there is one of that name. Nobody is let in. */
function strange(ctx: Context, username: string): null {
  const refusal = { reason: 'wrong-key', detail: 'somebody connected with its name and another key' }
  for (const kind of ['machine', 'scanner']) noteRefusal(ctx, { kind, id: username }, refusal)
  return null
}

/** Of devices that are onboarded alone: on a broker of somebody else's anything may call itself one. */
function noteRefusal(
  ctx: Context,
  { kind, id }: Pick<Identity, 'kind' | 'id'>,
  refusal: { reason: string; detail: string }
): void {
  if (isKnown(ctx, { kind, id })) ctx.refusals.note(`${kind}/${id}`, { over: 'MQTT', ...refusal })
}

const isKnown = (ctx: Context, { kind, id }: Pick<Identity, 'kind' | 'id'>): boolean =>
  kind === 'scanner' ? scannerById(ctx, id) !== null : kind === 'tracker' ? trackerById(ctx, id) : isOnboarded(ctx, id)

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

/** Dropped messages that the log hears of, for each device: one that goes mad must not drown the others there. */
const TOLD_PER_SECOND = 5

function taker(ctx: Context, log: LogFile | null) {
  const limit = deviceLimit(ctx)
  const told = new RateLimit(TOLD_PER_SECOND)
  const dropped = ctx.metrics.counter('niflr_mqtt_dropped_total', 'MQTT messages acknowledged and dropped, by reason', ['reason'])
  const drop = ({ identity, topic }: Incoming, reason: string, detail: string) => {
    dropped.inc({ reason })
    noteRefusal(ctx, identity, { reason, detail })
    if (told.take(identity.id, performance.now()))
      ctx.log.warn({ deviceId: identity.id, topic, reason, detail }, 'device message dropped')
  }
  return (message: Incoming): Promise<void> | null => {
    const { kind, deviceId, channel } = parseDeviceTopic(message.topic)!
    if (!limit.take(`${kind}/${deviceId}`, performance.now()))
      throw new Refused('too-many-requests', `${kind} ${deviceId} sends more than its share`)
    const forgiven = (error: unknown) => forgive(error, (reason, detail) => drop(message, reason, detail))
    try {
      if (message.payload.length > MAX_DEVICE_BODY_BYTES) throw new Refused('too-large', `${message.payload.length} bytes`)
      if (channel === 'status') return presence(ctx, message).catch(forgiven)
      const receivedMs = ctx.clock.now().getTime()
      const text = message.payload.toString('utf8')
      const body = readJson(text, 'payload')
      const durable = MESSAGES[`${kind}/${channel}`]!(ctx, { deviceId, body, receivedMs, isDuplicate: message.isDuplicate })
      if (channel === 'heartbeat') log?.write(logLine(receivedMs, oneLine({ body, text })))
      return durable?.catch(forgiven) ?? null
    } catch (error) {
      forgiven(error)
      return null
    }
  }
}

/** What would be no better sent again is dropped; everything else is the sender's to send again. */
function forgive(error: unknown, drop: (reason: string, detail: string) => void): void {
  const refusal = refusalOf(error)
  if (!refusal) throw error
  drop(refusal.reason, refusal.detail)
}

const isPresence = (text: string) => text === 'online' || text === 'offline'

/** The retained status of a device and its last will. Throws Invalid for neither word, NotFound for nobody's. */
async function presence(ctx: Context, { identity: { kind, id }, payload }: Incoming): Promise<void> {
  const status = payload.toString('utf8')
  if (!isPresence(status)) throw new Invalid('payload', 'must be online or offline')
  if (!isKnown(ctx, { kind, id })) throw new NotFound(kind, id)
  if (kind === 'scanner') await setScannerOnline(ctx, id, status === 'online')
  else if (kind === 'machine' && status === 'offline') await machineLost(ctx, id)
}
