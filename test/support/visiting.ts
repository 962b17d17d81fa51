/** A store with open doors in tests: scanners, machines, codes that shoppers show, weight changes that land, people who review. */
import { generateKeyPairSync } from 'node:crypto'
import { exportJWK, SignJWT } from 'jose'
import { sql } from 'kysely'
import { type Context, SYSTEM, transact } from '#server/context.ts'
import { addMachine } from '#server/domain/iot/actions.ts'
import { leave } from '#server/domain/ticket/actions.ts'
import { addQrKey, addScanner, changeStoreMode, enter, scannerByKey } from '#server/domain/user/actions.ts'
import { drainJobs } from '#server/jobs/index.ts'
import { live } from '#server/live/index.ts'
import type { Clock } from '#server/platform/clock.ts'
import type { EventLog } from '#server/platform/event-log.ts'
import { newId } from '#server/platform/ids.ts'
import { type Caller, handClock, openShop, sender, staffCaller } from './http.ts'

/** Until every event so far can be read: tests that run beside this one share the server, and their transactions hold it back a moment. */
export async function caughtUp(events: EventLog): Promise<void> {
  while (!(await events.isCaughtUp())) await new Promise((resolve) => setImmediate(resolve))
}

export type Claims = Record<string, unknown>
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const KID = 'shoppers-app'

/** Signs a code as the shoppers' app does; `claims` override the usual ones, undefined takes one away. */
export async function codeOf(ctx: { clock: Clock }, claims: Claims = {}, header: Claims = {}): Promise<string> {
  const iat = Math.floor(ctx.clock.now().getTime() / 1000)
  const usual = { id: newId(), role: 'customer', phoneNumber: '+911234567890', jti: newId(), iat, exp: iat + 60 }
  const payload = Object.fromEntries(Object.entries({ ...usual, ...claims }).filter(([, value]) => value !== undefined))
  return new SignJWT(payload).setProtectedHeader({ alg: 'EdDSA', kid: KID, ...header }).sign(privateKey)
}

export type Options = {
  env?: Record<string, string>
  machines?: number
  mode?: 'CUSTOMER_MODE' | 'REFILLMENT_MODE' | 'MAINTENANCE_MODE'
  clock?: Clock
}

/** A store in CUSTOMER_MODE with an entry, an exit, `machines` machines that nobody has heard of yet, and the key that signs codes. */
export async function openStore({ env, machines = 2, mode = 'CUSTOMER_MODE', clock = handClock() }: Options = {}) {
  const shop = await openShop({
    clock,
    ...(env && { env }),
    doors: { scanner: (key) => (key === null ? null : scannerByKey(shop.ctx, key)), apiRoutes: [live] }
  })
  const { ctx, app } = shop
  await addQrKey(ctx, SYSTEM, { jwk: { ...(await exportJWK(publicKey)), kid: KID } })
  const machineIds = Array.from({ length: machines }, (_, n) => `m${n + 1}`)
  for (const machineId of machineIds) await addMachine(ctx, SYSTEM, { machineId, displayName: machineId, kind: 'shelf' })
  const entry = await addScanner(ctx, SYSTEM, { name: 'front door', tag: 'ENTRY' })
  const exit = await addScanner(ctx, SYSTEM, { name: 'back door', tag: 'EXIT' })
  await changeStoreMode(ctx, { kind: 'staff', id: newId(), name: 'test', role: 'admin' }, { mode })
  const at = (path: string, deviceKey: string) => async (token: string) =>
    sender(app, { authorization: `Bearer ${deviceKey}` })('POST', path, { token })
  return {
    ...{ ctx, app, machineIds, entry, exit, clock: clock as ReturnType<typeof handClock> },
    scanIn: at('/entry-control/', entry.deviceKey),
    scanOut: at('/exit-control/', exit.deviceKey),
    code: (claims: Claims = {}) => codeOf(ctx, claims),
    staff: (role: 'admin' | 'operations' | 'reviewer'): Promise<Caller> => staffCaller(ctx, app, role),
    [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose]()
  }
}
export type OpenStore = Awaited<ReturnType<typeof openStore>>

/** Somebody comes in; `leave` lets them out again, and answers with the visit's tickets, first machine first. */
export async function visitor({ ctx, entry, exit }: OpenStore, claims: Claims = {}) {
  const id = newId()
  const { visitId } = await enter(ctx, { token: await codeOf(ctx, { id, ...claims }), scannerId: entry.id })
  const out = async () => {
    await leave(ctx, { token: await codeOf(ctx, { id, ...claims }), scannerId: exit.id })
    const tickets = await ctx.db
      .selectFrom('ticket')
      .select(['id', 'machineId', 'status', 'version'])
      .where('visitId', '=', visitId)
      .orderBy('number')
      .execute()
    return { visitId, userId: id, tickets }
  }
  return { visitId, userId: id, leave: out }
}

export type Landed = { machineId: string; grams: number; at: Date; from?: Date; scaleId?: string; id?: string }

/**
 * A weight change lands as the iot room writes it: row and event in one transaction, which `beforeCommit` may hold open. `grams` is negative
 * when picked. Returns its id.
 */
export async function land(ctx: Context, change: Landed, beforeCommit = async () => {}): Promise<string> {
  const { machineId, grams, at, from = at, scaleId = '001', id = newId() } = change
  const foundLate = from < at
  const status = grams < 0 ? 'PICKED' : 'PLACED'
  await transact(ctx, async (tx) => {
    const row = {
      id,
      machineId,
      scaleId,
      status,
      grams: Math.abs(grams),
      occurredAt: at,
      occurredFrom: from,
      receivedAt: tx.now,
      source: 'heartbeat',
      settled: false,
      foundLate
    }
    await tx.db.insertInto('weightChange').values(row).execute()
    const times = { occurredAt: at.toISOString(), occurredFrom: from.toISOString() }
    tx.emit('weight-change.recorded', {
      weightChangeId: id,
      machineId,
      scaleId,
      version: 1,
      ...times,
      status,
      grams: Math.abs(grams),
      settled: false,
      foundLate,
      source: 'heartbeat'
    })
    await beforeCommit()
  })
  return id
}

/** The next reading confirms, corrects or withdraws a weight change. */
export async function amend(ctx: Context, id: string, what: { grams?: number; withdrawn?: boolean }): Promise<void> {
  await transact(ctx, async (tx) => {
    const row = await tx.db
      .updateTable('weightChange')
      .set({
        settled: true,
        version: sql`version + 1`,
        ...(what.grams !== undefined && { grams: Math.abs(what.grams) }),
        ...(what.withdrawn && { withdrawnAt: tx.now })
      })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow()
    const { machineId, scaleId, version, grams, foundLate, source } = row
    const ref = {
      weightChangeId: id,
      machineId,
      scaleId,
      version,
      occurredAt: row.occurredAt.toISOString(),
      occurredFrom: row.occurredFrom.toISOString()
    }
    if (what.withdrawn) tx.emit('weight-change.withdrawn', ref)
    else tx.emit('weight-change.corrected', { ...ref, status: row.status as 'PICKED', grams, settled: true, foundLate, source })
  })
}

/** Moves the clock on and runs every job until nothing is left to do. */
export async function later({ ctx, clock }: OpenStore, ms = 0): Promise<void> {
  clock.forward(ms)
  await drainJobs(ctx)
}

/** A product of the catalogue. */
export async function product(ctx: Context, priceMinor: number): Promise<string> {
  const id = newId()
  const now = ctx.clock.now()
  const row = { id, sku: id, name: `product ${id.slice(-4)}`, weightGrams: 330, priceMinor, createdAt: now, updatedAt: now }
  await ctx.db.insertInto('product').values(row).execute()
  return id
}

/** The payloads of all events of a name, oldest first. */
export async function eventsOf(ctx: Context, name: string): Promise<Record<string, unknown>[]> {
  const rows = await ctx.db
    .selectFrom('eventLog')
    .select('payload')
    .where('name', '=', name)
    .orderBy('transactionId')
    .orderBy('id')
    .execute()
  return rows.map((row) => row.payload as Record<string, unknown>)
}
