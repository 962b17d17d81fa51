/**
 * Who may call a route: every route declares `config.access`, and the credential it wants is checked first of all,
 * before path parameters, content type and body. Without one the answer is 401, with one that has not the right 403.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Actor, Context } from '#server/context.ts'
import { type Access, authenticateSession, authenticateToken, isAccess, mayAccess } from '#server/domain/staff/actions.ts'
import { Refused } from '#server/platform/errors.ts'
import type { App } from '#server/platform/web-app.ts'
import { byLink, hasLink, type LinkKind } from './links.ts'

export type DeviceKind = 'machine' | 'scanner' | 'tracker'
/** A route's right: nobody, anybody signed in, a device of a kind, a signed link, or a row of the role table; of several, any one is enough. */
export type RouteAccess = 'public' | 'signed-in' | `device:${DeviceKind}` | `link:${LinkKind}` | Access
/** The device whose key came with the request; `machineId` of a machine, `scannerId` of a scanner, `trackerId` of a tracker. */
export type Device = { machineId?: string; scannerId?: string; trackerId?: string }
/** Finds the device of a key; sync where it can be, since every heartbeat passes here. `key` is null only with ALLOW_ANONYMOUS_DEVICES. */
export type DeviceAuth = (key: string | null) => Device | null | Promise<Device | null>
type Devices = Record<DeviceKind, DeviceAuth>

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is signed in; null on public and device routes. */
    actor: Actor
    /** Whose device key it was; null on all but device routes. */
    device: Device
  }
  interface FastifyContextConfig {
    access?: RouteAccess | RouteAccess[]
    /** Honours Idempotency-Key. */
    idempotent?: boolean
    /** Members of the answer that are shown once and never kept for an Idempotency-Key. */
    secretFields?: string[]
  }
}

export const SESSION_COOKIE = 'niflr_session'
const WANTED: readonly string[] = [
  'public',
  'signed-in',
  'device:machine',
  'device:scanner',
  'device:tracker',
  'link:camera',
  'link:video'
]

export const accessList = (access: RouteAccess | RouteAccess[] | undefined): RouteAccess[] =>
  access === undefined ? [] : [access].flat()

/** Adds the check to `app`: before any route is registered. Throws for a route that declares no right, or one nobody knows. */
export function checkAccess(app: App, ctx: Context, devices: Devices): void {
  app.decorateRequest('actor')
  app.decorateRequest('device')
  app.decorateRequest('link', null)
  app.addHook('onRoute', ({ method, url, config }) => {
    const access = accessList(config?.access)
    const isKnown = access.length > 0 && access.every((right) => WANTED.includes(right) || isAccess(right))
    if (!isKnown) throw new Error(`${method} ${url}: config.access "${access}" is no right of the role table`)
  })
  app.addHook('onRequest', (req, reply, done) => {
    const access = req.routeOptions.config.access
    if (access === 'public' || req.is404) return done()
    const passed =
      access === 'device:machine'
        ? byDevice(ctx, req, { kind: 'machine', devices })
        : byAny(ctx, { req, access: accessList(access), devices })
    if (!(passed instanceof Promise)) return finish(passed, reply, done)
    passed.then((refused) => finish(refused, reply, done), done)
  })
}

type Refusal = Refused | null

function finish(refused: Refusal, reply: FastifyReply, done: (error?: Error) => void): void {
  if (refused?.code === 'unauthorized') reply.header('www-authenticate', 'Bearer')
  if (refused) done(refused)
  else done()
}

const unauthorized = (message: string) => new Refused('unauthorized', message)
const forbidden = (access: RouteAccess[]) =>
  new Refused(
    'forbidden',
    `this needs the right ${access.filter((right) => !right.startsWith('link:')).join(' or ')}, which the account's role does not have`
  )

function byAny(
  ctx: Context,
  { req, access, devices }: { req: FastifyRequest; access: RouteAccess[]; devices: Devices }
): Refusal | Promise<Refusal> {
  const kinds = access.filter((right) => right.startsWith('device:')).map((right) => right.slice(7) as DeviceKind)
  const key = bearer(req)
  if (kinds.length === access.length || (kinds.length > 0 && key?.startsWith('niflr_dev_')))
    return byDevice(ctx, req, { kind: kinds[0]!, devices })
  const link = access.find((right) => right.startsWith('link:'))
  return link && hasLink(req) ? byLinkOrStaff(ctx, req, access) : byStaff(ctx, req, access)
}

/** A link that has ended still serves who is signed in; everybody else hears what is wrong with it. */
async function byLinkOrStaff(ctx: Context, req: FastifyRequest, access: RouteAccess[]): Promise<Refusal> {
  const kind = access.find((right) => right.startsWith('link:'))!.slice(5) as LinkKind
  const refused = byLink(ctx, req, kind)
  return refused && (await byStaff(ctx, req, access)) ? refused : null
}

function byDevice(
  ctx: Context,
  req: FastifyRequest,
  { kind, devices }: { kind: DeviceKind; devices: Devices }
): Refusal | Promise<Refusal> {
  const key = bearer(req)
  if (key === null && !(kind === 'machine' && ctx.config.allowAnonymousDevices))
    return unauthorized('send the device key as Authorization: Bearer')
  const found = devices[kind](key)
  return found instanceof Promise ? found.then((device) => withDevice(req, device)) : withDevice(req, found)
}

function withDevice(req: FastifyRequest, device: Device | null): Refusal {
  if (!device) return unauthorized('no device has this key; make a new one in the panel')
  req.device = device
  return null
}

async function byStaff(ctx: Context, req: FastifyRequest, access: RouteAccess[]): Promise<Refusal> {
  const actor = await staffActor(ctx, req)
  if (!actor) return unauthorized('sign in, or send an API token as Authorization: Bearer')
  if (!access.some((right) => right === 'signed-in' || mayAccess(actor.role, right))) return forbidden(access)
  req.actor = actor
  const isByCookie = req.headers.authorization === undefined
  if (isByCookie && !isRead(req.method) && !isSameOrigin(req))
    return new Refused('cross-site', 'a change with the sign-in cookie must come from this box’s own pages')
  return null
}

/** The account behind the request's token or cookie, null without a valid one. A token that is sent decides, whatever the cookie. */
export async function staffActor(ctx: Context, req: FastifyRequest): Promise<Actor | null> {
  const { authorization } = req.headers
  const key = bearer(req)
  const cookie = req.cookies[SESSION_COOKIE]
  const account = key
    ? await authenticateToken(ctx, key)
    : authorization === undefined && cookie
      ? await authenticateSession(ctx, cookie)
      : null
  return account && { kind: 'staff', id: account.id, name: account.username, role: account.role, requestId: req.id }
}

const bearer = (req: FastifyRequest): string | null => bearerOf(req.headers.authorization)

/** The token of an Authorization header; null without one. */
export function bearerOf(header: string | undefined): string | null {
  return header && header.length < 300 && /^bearer /i.test(header) ? header.slice(7).trim() || null : null
}

const isRead = (method: string) => method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
const isSameOrigin = (req: FastifyRequest) =>
  req.headers['sec-fetch-site'] === 'same-origin' || req.headers.origin === `${req.protocol}://${req.host}`
