/** The HTTP transport of device messages, as existing firmware speaks it. Scans have routes of their own at the doors (http room). */
import type { onErrorHookHandler, onRequestHookHandler } from 'fastify'
import { HeartbeatAccepted, HeartbeatBody } from '#contracts/device/heartbeat.ts'
import { Positions, PositionsAccepted } from '#contracts/device/positions.ts'
import type { Context } from '#server/context.ts'
import {
  type Durable,
  type HeartbeatMessage,
  isOnboarded,
  machineByKeyHash,
  recordHeartbeat
} from '#server/domain/iot/actions.ts'
import { NotFound, Refused } from '#server/platform/errors.ts'
import { hashSecret } from '#server/platform/ids.ts'
import { LastSaid } from '#server/platform/last-said.ts'
import type { LogFile } from '#server/platform/log-file.ts'
import { RateLimit } from '#server/platform/rate-limit.ts'
import { refusalOf } from '#server/platform/refusals.ts'
import { plainJson } from '#server/platform/untrusted.ts'
import type { App } from '#server/platform/web-app.ts'
import { readHeartbeat } from './heartbeat.ts'
import { handlePositions } from './positions.ts'

declare module 'fastify' {
  interface FastifyRequest {
    device: { machineId?: string; scannerId?: string; trackerId?: string }
  }
}

/** Whoever sends without a key, where that is allowed, shares one rate. */
const ANYBODY = 'anybody'
const DEVICES_AT_FULL_RATE = 25

/** Each device's rate, and that of all together. */
export const deviceLimit = ({ config: { deviceRatePerSecond } }: Context): RateLimit =>
  new RateLimit(deviceRatePerSecond, { inAll: DEVICES_AT_FULL_RATE * deviceRatePerSecond })

const SUCCESS = { status: 'success' } as const
const HEARTBEAT = '/api/machines/heartbeat'

/** What devices send over HTTP: the routes, and the short way of heartbeats with a key of their own. */
export function deviceDoor(ctx: Context, log: LogFile | null) {
  const limit = deviceLimit(ctx)
  const admits = (device: string) => limit.take(device, ctx.clock.monotonicMs())
  const admitted = new WeakSet<object>()
  /** After the credential, before the body: what is refused costs little. */
  const slowDown: onRequestHookHandler = ({ device, raw }, _reply, done) =>
    admitted.has(raw) || admits(device.machineId ?? device.trackerId ?? ANYBODY)
      ? done()
      : done(new Refused('too-many-requests', 'this device sends more than its share; slow down'))
  const take: Take = (owner, sent) => takeHeartbeat(ctx, log, readSent(ctx, owner, sent))
  /** A machine at rest says the same again and again. */
  const said = new LastSaid<Heard>()
  const takePlain = (machineId: string, text: string): Durable | undefined => {
    const known = said.meaningOf(machineId, text)
    if (known) return takeHeartbeat(ctx, log, { ...known, message: { ...known.message, receivedMs: ctx.clock.now().getTime() } })
    const body = plainJson(text)
    if (body === undefined) return undefined
    const heard = readSent(ctx, machineId, { body, text })
    said.keep(machineId, text, heard)
    return takeHeartbeat(ctx, log, heard)
  }
  const note = (machineId: string, error: unknown) => {
    const refusal = refusalOf(error)
    if (refusal) ctx.refusals.note(`machine/${machineId}`, { over: 'HTTP', ...refusal })
  }
  const shortWay = {
    path: HEARTBEAT,
    hashOf: (key: string) => hashSecret(key).toString('hex'),
    ownerOf: (keyHash: string) => machineByKeyHash(ctx, keyHash)?.machineId ?? null,
    admits(machineId: string, mark: object): boolean {
      const isAdmitted = admits(machineId)
      if (isAdmitted) admitted.add(mark)
      return isAdmitted
    },
    take: takePlain,
    failed: note
  }
  const routes = [(app: App) => heartbeatRoute(app, { slowDown, take, note }), (app: App) => positionsRoute(app, ctx, slowDown)]
  return { routes, shortWays: [shortWay] }
}

type Sent = { body: unknown; text: string }
type Take = (owner: string | undefined, sent: Sent) => Durable

/** A heartbeat, and what heartbeat.log says of it. */
type Heard = { message: HeartbeatMessage; line: string }

/** Reads what `owner` sent, or anybody where that is allowed. Throws Invalid, NotFound, Refused. */
function readSent(ctx: Context, owner: string | undefined, { body, text }: Sent): Heard {
  const message = readHeartbeat(body, { receivedMs: ctx.clock.now().getTime(), zone: ctx.config.timeZone })
  if (!isOnboarded(ctx, message.machineId)) throw new NotFound('machine', message.machineId)
  if (owner !== undefined && owner !== message.machineId) throw new Refused('wrong-device', `this is the key of machine ${owner}`)
  return { message, line: oneLine({ body, text }) }
}

/** Takes it. What it throws has changed nothing. */
function takeHeartbeat(ctx: Context, log: LogFile | null, { message, line }: Heard): Durable {
  const durable = recordHeartbeat(ctx, message)
  log?.write(logLine(message.receivedMs, line))
  return durable
}

type HeartbeatTools = { slowDown: onRequestHookHandler; take: Take; note: (machineId: string, error: unknown) => void }

/** POST /api/machines/heartbeat: 200 once whatever the heartbeat changed is durable. */
function heartbeatRoute(app: App, { slowDown, take, note }: HeartbeatTools): void {
  const onError: onErrorHookHandler = ({ device }, _reply, error, done) => {
    if (device.machineId) note(device.machineId, error)
    done()
  }
  const schema = {
    summary: 'A machine’s heartbeat: the weight of all its scales',
    tags: ['devices'],
    body: HeartbeatBody,
    response: { 200: HeartbeatAccepted }
  }
  // The body is checked by hand: rows whose columns follow their headers are beyond a schema, and each error must name its field.
  const config = { access: 'device:machine' as const, keepsText: true }
  const route = { schema, config, validatorCompiler: () => () => true, onRequest: slowDown, onError }
  app.post(HEARTBEAT, route, async (req) => {
    const { body, bodyText, device } = req as unknown as { body: unknown; bodyText: string; device: { machineId?: string } }
    await take(device.machineId, { body, text: bodyText })
    return SUCCESS
  })
}

/** POST /api/trackers/positions: 200 once they are durable. */
function positionsRoute(app: App, ctx: Context, slowDown: onRequestHookHandler): void {
  const schema = {
    summary: 'Where people stand, as a tracker sees them',
    tags: ['devices'],
    body: Positions,
    response: { 200: PositionsAccepted }
  }
  const config = { access: 'device:tracker' as const }
  // Checked by hand, as over MQTT, so that both say the same of the same fault.
  const route = { schema, config, validatorCompiler: () => () => true, onRequest: slowDown }
  app.post('/api/trackers/positions', route, async (req) => {
    const { body, device } = req as unknown as { body: unknown; device: { trackerId?: string } }
    const receivedMs = ctx.clock.now().getTime()
    await handlePositions(ctx, { deviceId: device.trackerId ?? null, body, receivedMs, isDuplicate: false })
    return SUCCESS
  })
}

/** What came as one line of JSON: letter by letter where it is one. */
export const oneLine = ({ body, text }: Sent): string => (/[\r\n\uFEFF]/.test(text) ? JSON.stringify(body) : text)

/** One line of heartbeat.log: when it came and what came, which is one line itself; `manage replay` reads it back. */
export const logLine = (receivedMs: number, line: string): string =>
  `{"receivedAt":"${new Date(receivedMs).toISOString()}","body":${line}}`
