/** A store worth a backup: people, tickets, keys, evidence that nobody has looked at yet. And the proof that its restored twin goes on. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { type Context, SYSTEM } from '#server/context.ts'
import { leave } from '#server/domain/ticket/actions.ts'
import { addQrKey, addScanner, changeStoreMode, enter } from '#server/domain/user/actions.ts'
import { newId } from '#server/platform/ids.ts'
import type { Manifest } from '#server/processes/backup/manifest.ts'
import { speaker } from './box.ts'
import { newHttpMachine, until } from './devices.ts'
import { openTestStore } from './store.ts'
import { land } from './visiting.ts'

const KID = 'shoppers-app'
/** What a restore changes; `store` takes its name from the settings. */
const CHANGED = new Set(['event_log', 'event_cursor', 'staff_session', 'audit_entry', 'store'])

export const manifestIn = (dir: string): Manifest => JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8'))

/** Table → hash, of the tables that a restore leaves as they were. */
export const hashesOf = ({ tables }: Manifest) =>
  Object.fromEntries(tables.filter(({ name }) => !CHANGED.has(name)).map(({ name, rows, sha256 }) => [name, { rows, sha256 }]))

/** Opens the store and lets it live a little. Its database is far ahead of a new one in counting transactions. */
export async function makeBusyStore() {
  await using stack = new AsyncDisposableStack()
  const store = stack.use(await openTestStore({ env: { AUTO_REVIEW: 'off' } })) // no job but the follower looks at evidence
  const { ctx } = store
  const { privateKey, publicKey } = await generateKeyPair('EdDSA')
  await addQrKey(ctx, SYSTEM, { jwk: { ...(await exportJWK(publicKey)), kid: KID } })
  const code = (id: string) => codeOf(privateKey, id)
  const [entry, exit] = [
    await addScanner(ctx, SYSTEM, { name: 'front', tag: 'ENTRY' }),
    await addScanner(ctx, SYSTEM, { name: 'back', tag: 'EXIT' })
  ]
  await changeStoreMode(ctx, { kind: 'staff', id: newId(), name: 'test', role: 'admin' }, { mode: 'CUSTOMER_MODE' })
  const machine = await newHttpMachine(store)
  await machine.beat({ '001': 5000 })
  await ctx.pool.query('DO $$ BEGIN FOR n IN 1..3000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$')
  const userId = newId()
  await enter(ctx, { token: await code(userId), scannerId: entry.id })
  await machine.beat({ '001': 4700 })
  const { visitId } = await leave(ctx, { token: await code(userId), scannerId: exit.id })
  await store.drain()
  await leaveLateEvidence(ctx, machine.machineId, visitId)
  const { rows } = await ctx.pool.query('SELECT version FROM ticket')
  const resources = stack.move()
  return {
    ...store,
    ...{ userId, visitId, machine, entry, exit, code },
    storeId: ctx.store.storeId,
    ticketVersion: rows[0].version as number,
    qrKeysFile: ctx.config.qrKeysFile,
    /** Heartbeats, each with a change, until it is stopped. */
    keepWorking() {
      let isOver = false
      let acknowledged = 0
      const working = (async () => {
        for (; !isOver; acknowledged++) await machine.beat({ '001': acknowledged % 2 ? 4700 : 4200 })
      })()
      const stop = async () => {
        isOver = true
        await working
        return { acknowledged }
      }
      return { stop }
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync()
  }
}
export type BusyStore = Awaited<ReturnType<typeof makeBusyStore>>

function codeOf(key: CryptoKey, id: string): Promise<string> {
  const iat = Math.floor(Date.now() / 1000)
  return new SignJWT({ id, role: 'customer', phoneNumber: '+911234567890', jti: newId(), iat, exp: iat + 120 })
    .setProtectedHeader({ alg: 'EdDSA', kid: KID })
    .sign(key)
}

/** A weight change in the visit's window that the follower has not read, with a lower number than the event it read last. */
async function leaveLateEvidence(ctx: Context, machineId: string, visitId: string): Promise<void> {
  const { rows } = await ctx.pool.query('SELECT entered_at FROM visit WHERE id = $1', [visitId])
  const early = await ctx.pool.connect()
  try {
    await early.query('BEGIN')
    await early.query('SELECT pg_current_xact_id()') // comes first in the log's order, whatever its id
    await land(ctx, {
      machineId,
      grams: -200,
      at: new Date(rows[0].entered_at.getTime() + 1),
      from: rows[0].entered_at,
      scaleId: '009'
    })
    const event = `INSERT INTO event_log (name, payload, at) VALUES ('planogram.changed', '{"machineId":"x"}', now()) RETURNING transaction_id::text AS xid, id`
    const read = (await early.query(event)).rows[0]
    await early.query('COMMIT')
    await ctx.pool.query('UPDATE event_cursor SET transaction_id = $1::text::xid8, id = $2', [read.xid, read.id])
  } finally {
    early.release()
  }
}

/** Sign-in, tickets, doors, shelves and followers of a restored store, over the wire. */
export async function proveItWorks(url: string, store: BusyStore): Promise<void> {
  const signIn = await speaker(url)('POST', '/api/v1/auth/login', {
    username: store.admin.username,
    password: store.admin.password
  })
  assert.equal(signIn.status, 200, signIn.text)
  const staff = speaker(url, { authorization: `Bearer ${store.admin.token}` })
  const ticket = await until(async () => {
    const { body } = await staff('GET', `/api/v1/tickets?visitId=${store.visitId}`)
    return body.items[0].version > store.ticketVersion && body.items[0]
  }, 'the evidence that nobody had looked at reaches its ticket')
  const door = (deviceKey: string) => speaker(url, { authorization: `Bearer ${deviceKey}` })
  const live = await listen(url, store.admin.token)
  const entered = await door(store.entry.deviceKey)('POST', '/entry-control/', { token: await store.code(newId()) })
  assert.equal(entered.status, 200, entered.text)
  await until(() => live.heard().includes('event: visit.opened'), 'a live follower hears of it')
  live.stop()
  const back = await door(store.entry.deviceKey)('POST', '/entry-control/', { token: await store.code(store.userId) })
  assert.equal(back.status, 200, 'who had left may come again')
  const machine = speaker(url, { authorization: `Bearer ${store.machine.deviceKey}` })
  const heartbeat = { machineId: store.machine.machineId, scales: [['001', '4', '4', '4.1']] }
  assert.equal((await machine('POST', '/api/machines/heartbeat', heartbeat)).status, 200)
  const left = await door(store.exit.deviceKey)('POST', '/exit-control/', { token: await store.code(store.userId) })
  assert.equal(left.status, 200, left.text)
  const made = await staff('GET', `/api/v1/tickets?visitId=${left.body.visitId}`)
  assert.equal(made.body.items.length, 1)
  const history = (await staff('GET', `/api/v1/tickets/${ticket.id}`)).body
  assert.deepEqual(
    [history.version, history.weightChanges.length],
    [store.ticketVersion + 1, 2],
    'late evidence counted exactly once'
  )
  const chain = await staff('GET', '/api/v1/audit/verify')
  assert([200, 404].includes(chain.status) && chain.body?.ok !== false, 'the audit chain holds')
}

/** A live stream, kept as text. */
async function listen(url: string, token: string) {
  const ending = new AbortController()
  const answer = await fetch(`${url}/api/v1/live`, { headers: { authorization: `Bearer ${token}` }, signal: ending.signal })
  let text = ''
  const reading = (async () => {
    for await (const chunk of answer.body!) text += Buffer.from(chunk).toString()
  })().catch(() => {})
  await until(() => text.includes(': connected'), 'the live stream is open')
  return {
    heard: () => text,
    stop: () => {
      ending.abort()
      void reading
    }
  }
}
