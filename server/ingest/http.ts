/** The HTTP transport of device messages, as existing firmware speaks it. Scans have routes of their own at the doors (http room). */
import type { onErrorHookHandler, onRequestHookHandler } from 'fastify'
import { HeartbeatAccepted, HeartbeatBody } from '#contracts/device/heartbeat.ts'
import { Positions, PositionsAccepted } from '#contracts/device/positions.ts'
import type { Context } from '#server/context.ts'
import { isOnboarded, recordHeartbeat } from '#server/domain/iot/actions.ts'
import { NotFound, Refused } from '#server/platform/errors.ts'
import type { LogFile } from '#server/platform/log-file.ts'
import { RateLimit } from '#server/platform/rate-limit.ts'
import { refusalOf } from '#server/platform/refusals.ts'
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

let others: Promise<typeof SUCCESS> | null = null

/** Answers of one turn of the event loop leave together, after all that had arrived was read: whoever receives them is woken once, which costs more than all the rest. */
function withOthers(): Promise<typeof SUCCESS> {
  if (others) return others
  const { promise, resolve } = Promise.withResolvers<typeof SUCCESS>()
  setImmediate(() => {
    others = null
    resolve(SUCCESS)
  })
  others = promise
  return promise
}

/** POST /api/machines/heartbeat: 200 once whatever the heartbeat changed is durable. */
export const deviceRoutes =
  (log: LogFile | null) =>
  (app: App, ctx: Context): void => {
    const limit = deviceLimit(ctx)
    /** After the credential, before the body: what is refused costs little. */
    const slowDown: onRequestHookHandler = ({ device }, _reply, done) =>
      limit.take(device.machineId ?? device.trackerId ?? ANYBODY, ctx.clock.monotonicMs())
        ? done()
        : done(new Refused('too-many-requests', 'this device sends more than its share; slow down'))
    const note: onErrorHookHandler = (req, _reply, error, done) => {
      const refusal = refusalOf(error)
      if (refusal && req.device.machineId) ctx.refusals.note(`machine/${req.device.machineId}`, { over: 'HTTP', ...refusal })
      done()
    }
    const schema = {
      summary: 'A machine’s heartbeat: the weight of all its scales',
      tags: ['devices'],
      body: HeartbeatBody,
      response: { 200: HeartbeatAccepted }
    }
    positionsRoute(app, ctx, slowDown)
    // The body is checked by hand: rows whose columns follow their headers are beyond a schema, and each error must name its field.
    const config = { access: 'device:machine' as const, keepsText: true }
    const route = { schema, config, validatorCompiler: () => () => true, onRequest: slowDown, onError: note }
    app.post('/api/machines/heartbeat', route, (req) => {
      const { body, bodyText, device } = req as unknown as { body: unknown; bodyText: string; device: { machineId?: string } }
      const owner = device.machineId
      const receivedMs = ctx.clock.now().getTime()
      const message = readHeartbeat(body, { receivedMs, zone: ctx.config.timeZone })
      if (!isOnboarded(ctx, message.machineId)) throw new NotFound('machine', message.machineId)
      if (owner !== undefined && owner !== message.machineId)
        throw new Refused('wrong-device', `this is the key of machine ${owner}`)
      const durable = recordHeartbeat(ctx, message)
      log?.write(logLine(receivedMs, { body, text: bodyText }))
      return durable === null ? withOthers() : durable.then(() => SUCCESS)
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

/** One line of heartbeat.log: when it came and what came, letter by letter where that is one line; `manage replay` reads it back. */
export function logLine(receivedMs: number, { body, text }: { body: unknown; text: string }): string {
  const line = /[\r\n\uFEFF]/.test(text) ? JSON.stringify(body) : text
  return `{"receivedAt":"${new Date(receivedMs).toISOString()}","body":${line}}`
}
