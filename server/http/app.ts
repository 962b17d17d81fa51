/** IN, from people and programs: every resource of the API, one line each, and the server they are registered on. */
import { readFileSync } from 'node:fs'
import cookie from '@fastify/cookie'
import { fastify, LogController } from 'fastify'
import type { Config } from '#server/config.ts'
import type { Context } from '#server/context.ts'
import { newId } from '#server/platform/ids.ts'
import type { App } from '#server/platform/web-app.ts'
import { checkAccess, type DeviceAuth } from './access.ts'
import { apiTokens } from './api-tokens.ts'
import { auditTrail } from './audit.ts'
import { auth } from './auth.ts'
import { cameras } from './cameras.ts'
import { carts } from './carts.ts'
import { commands } from './commands.ts'
import { compilersFactory } from './compilers.ts'
import { boundConnections } from './connections.ts'
import { deviceRefusals } from './device-refusals.ts'
import { doors } from './doors.ts'
import { health, type Readiness } from './health.ts'
import { honourIdempotencyKeys } from './idempotency.ts'
import { BODY_LIMIT, readJsonOnly, tightenFormats } from './input.ts'
import { jobs } from './jobs.ts'
import { landing } from './landing.ts'
import { machineSessions } from './machine-sessions.ts'
import { machineControl, machines } from './machines.ts'
import { movements } from './movements.ts'
import { describeApi } from './openapi.ts'
import { panel } from './panel.ts'
import { planograms } from './planograms.ts'
import { playback } from './playback.ts'
import { answerProblems, answerUnparsable, answerUnroutable } from './problems.ts'
import { productPhotos } from './product-photos.ts'
import { products } from './products.ts'
import { qrKeys } from './qr-keys.ts'
import { scales } from './scales.ts'
import { scanners } from './scanners.ts'
import { type ShortWay, takeShortWays } from './short-way.ts'
import { staff } from './staff.ts'
import { stock } from './stock.ts'
import { store } from './store.ts'
import { tickets } from './tickets.ts'
import { trackers } from './trackers.ts'
import { observeRequests, securityHeaders, setSecurityHeaders } from './traffic.ts'
import { userSessions } from './user-sessions.ts'
import { users } from './users.ts'
import { videos } from './videos.ts'
import { visits } from './visits.ts'
import { webhooks } from './webhooks.ts'
import { weightChanges } from './weight-changes.ts'

export type { App }
/** One resource of the API: registers its routes on `app`. */
export type Resource = (app: App, ctx: Context) => void

/** Under /api/v1. */
const API: Resource[] = [
  auth,
  staff,
  apiTokens,
  auditTrail,
  store,
  machines,
  scales,
  planograms,
  stock,
  scanners,
  cameras,
  videos,
  products,
  productPhotos,
  weightChanges,
  movements,
  machineSessions,
  users,
  userSessions,
  visits,
  carts,
  tickets,
  trackers,
  playback,
  deviceRefusals,
  commands,
  jobs,
  webhooks,
  qrKeys
]
/** At the root: people's pages. Devices' routes are the ingest room's and come with `Doors.routes`. */
const ROOT: Resource[] = [landing, panel, machineControl, doors]

/** What the process gives from rooms this one does not know. */
export type Doors = {
  machine: DeviceAuth
  scanner: DeviceAuth
  tracker: DeviceAuth
  ready: () => Promise<Readiness>
  /** Further routes at the root: the ingest room's, the live room's. */
  routes?: Resource[]
  /** Further routes under /api/v1. */
  apiRoutes?: Resource[]
  /** Short ways beside routes that are there. */
  shortWays?: ShortWay[]
}

/** Builds the server with every route, ready to listen or to be injected. Throws for a route without a right, tag or summary. */
export async function buildHttp(
  ctx: Context,
  { machine, scanner, tracker, ready, routes = [], apiRoutes = [], shortWays = [] }: Doors
): Promise<App> {
  const nextRequestId = requestIds()
  const headers = securityHeaders(ctx.config)
  const app = openServer(ctx, nextRequestId)
  boundConnections(app.server)
  answerProblems(app, ctx.log)
  setSecurityHeaders(app, headers)
  const observe = observeRequests(app, ctx)
  await app.register(cookie)
  checkAccess(app, ctx, { machine, scanner, tracker })
  readJsonOnly(app)
  honourIdempotencyKeys(app, ctx)
  await describeApi(app, ctx)
  health(app, ctx, ready)
  for (const resource of [...ROOT, ...routes]) resource(app, ctx)
  await app.register(async (api) => void [...API, ...apiRoutes].forEach((resource) => void resource(api as App, ctx)), {
    prefix: '/api/v1'
  })
  await app.ready()
  takeShortWays(app, { ways: shortWays, log: ctx.log, headers, nextRequestId, observe })
  return app
}

/** Slow peers hold a connection for seconds, not for ever; a request counts as slow from its first byte. */
const TIMES = { headersTimeout: 10_000, requestTimeout: 20_000, connectionsCheckingInterval: 2000, keepAliveTimeout: 72_000 }

function requestIds(): () => string {
  const process = newId().slice(-6)
  let requests = 0
  return () => `${process}-${++requests}`
}

function openServer({ config, log }: Context, nextRequestId: () => string): App {
  const app = fastify({
    loggerInstance: log,
    childLoggerFactory: (logger) => logger,
    return503OnClosing: false, // what came over a line before it was closed is answered as ever
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: nextRequestId,
    trustProxy: false,
    bodyLimit: BODY_LIMIT,
    connectionTimeout: 60_000,
    requestTimeout: TIMES.requestTimeout,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 16_384 }, // no limit but the header's: what a parameter may be is the route's schema's word, after the credential
    ajv: {
      customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: true, allErrors: false },
      onCreate: tightenFormats
    },
    schemaController: { compilersFactory },
    frameworkErrors: answerUnroutable,
    clientErrorHandler: answerUnparsable,
    ...(config.tlsCertFile ? { https: { ...TIMES, ...certificate(config) } } : { http: TIMES })
  })
  return app as unknown as App
}

const certificate = ({ tlsCertFile, tlsKeyFile }: Config) => ({
  cert: readFileSync(tlsCertFile!),
  key: readFileSync(tlsKeyFile!),
  minVersion: 'TLSv1.2' as const
})
