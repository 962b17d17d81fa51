/** Speaks to a store's HTTP door in tests: signs staff in, sends JSON with a credential, reads problems. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '#server/config.ts'
import { type Context, openContext } from '#server/context.ts'
import { addStaff, addToken, type Role } from '#server/domain/staff/actions.ts'
import { type App, buildHttp, type Doors } from '#server/http/app.ts'
import type { Clock } from '#server/platform/clock.ts'
import { newId } from '#server/platform/ids.ts'
import { openLogger } from '#server/platform/logger.ts'
import { openTestDatabase } from './database.ts'

export type Answer = {
  status: number
  headers: Record<string, unknown>
  body: any
  text: string
}
type Call = (
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  url: string,
  body?: unknown,
  headers?: Record<string, string>
) => Promise<Answer>
/** One caller: `send` adds its credential to each request. */
export type Caller = { id: string; username: string; password: string; role: Role; token: string; send: Call }

/** The HTTP door over `ctx` with devices that have no keys, unless given. */
export const openHttp = (ctx: Context, doors: Partial<Doors> = {}): Promise<App> =>
  buildHttp(ctx, {
    machine: () => null,
    scanner: () => null,
    tracker: () => null,
    ready: async () => ({ ok: true, checks: {}, degraded: [] }),
    ...doors
  })

/** Sends one request as JSON; a string body goes as it is with the content type that `headers` say. */
export const sender =
  (app: App, credential: Record<string, string> = {}): Call =>
  async (method, url, body, headers = {}) => {
    const json = body !== undefined && typeof body !== 'string' ? { 'content-type': 'application/json' } : {}
    const payload = body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }
    const answer = await app.inject({ method, url, headers: { ...json, ...credential, ...headers }, ...payload })
    const isJson = String(answer.headers['content-type'] ?? '').includes('json')
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: isJson && answer.body !== '' ? answer.json() : null,
      text: answer.body
    }
  }

/** Makes an account of `role` with an API token, and a caller that uses the token. */
export async function staffCaller(ctx: Context, app: App, role: Role): Promise<Caller> {
  const username = `${role}-${newId().slice(-8)}`
  const password = `a long way home ${newId()}`
  const { id } = await addStaff(ctx, { kind: 'system', id: 'system', name: 'test' }, { username, role, password })
  const { token } = await addToken(ctx, { kind: 'staff', id, name: username, role }, { name: 'test' })
  return { id, username, password, role, token, send: sender(app, { authorization: `Bearer ${token}` }) }
}

/** Signs in with a password and returns the cookie header of the sign-in. */
export async function signInCookie(app: App, { username, password }: { username: string; password: string }): Promise<string> {
  const answer = await sender(app)('POST', '/api/v1/auth/login', { username, password })
  assert.equal(answer.status, 200, answer.text)
  return String(answer.headers['set-cookie']).split(';', 1)[0]!
}

/** Fails unless `answer` is a problem of that status and code. */
export function assertProblem(answer: Answer, status: number, code: string): void {
  assert.deepEqual([answer.status, answer.body?.code], [status, code], answer.text)
  assert.match(String(answer.headers['content-type']), /^application\/problem\+json/)
  assert.equal(typeof answer.body.requestId, 'string')
}

/** A clock that stands still until it is moved. */
export function handClock(start = new Date('2026-03-01T08:00:00.000Z')): Clock & { forward(ms: number): void } {
  let now = start
  return {
    now: () => now,
    monotonicMs: () => now.getTime(),
    forward: (ms) => {
      now = new Date(now.getTime() + ms)
    }
  }
}

/** A store with an empty database of its own; `env` are its settings. Everything is gone after disposal. */
export async function openHttpStore(env: Record<string, string> = {}, clock?: Clock) {
  await using stack = new AsyncDisposableStack()
  const database = stack.use(await openTestDatabase())
  const dataDir = mkdtempSync(join(tmpdir(), 'http-store-'))
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }))
  const config = readConfig({ DATA_DIR: dataDir, DATABASE_URL: database.ownerUrl, ...env })
  const { ctx, close } = await openContext(config, { log: openLogger('fatal'), name: 'niflr-test', ...(clock && { clock }) })
  stack.defer(close)
  const resources = stack.move()
  return { ctx, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

export type ShopOptions = { env?: Record<string, string>; clock?: Clock; doors?: Partial<Doors> }

/** A store of its own with its HTTP door open; `send` is somebody without a credential. */
export async function openShop({ env, clock, doors }: ShopOptions = {}) {
  const store = await openHttpStore(env, clock)
  const app = await openHttp(store.ctx, doors)
  const dispose = async () => {
    await app.close()
    await store[Symbol.asyncDispose]()
  }
  return { ctx: store.ctx, app, send: sender(app), [Symbol.asyncDispose]: dispose }
}
