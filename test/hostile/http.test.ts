/** Ten thousand hostile HTTP requests: none fails the server, none that is refused leaves a row, and a good device does not notice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { newId } from '#server/platform/ids.ts'
import { freshKey } from '#simulator/codes.ts'
import { BY_ITSELF, rowCounts } from '#test/support/row-counts.ts'
import { type Credentials, type Document, hostileRequests, type Request, sendBytes } from './http-requests.ts'
import { asStrangers, comparison, quietEnough, settled } from './neighbours.ts'
import { addMachine, openGoodDevice, openRealStore, type RealStore } from './real-store.ts'

const FIXED = { seed: 20_260_101, count: 10_000 }
const RANDOM = { seed: Math.floor(Math.random() * 2 ** 31), count: 1500 }
/** Nothing is due while the rows are counted. */
const STILL = { MACHINE_SESSION_SECONDS: '86400', AUTO_REVIEW: 'off' }
const GROUP = 50
const AT_ONCE = 6
const MOST_TIMES = 5
const WARM_UP = 1500

for (const { seed, count } of [FIXED, RANDOM])
  test(`${count} hostile requests with seed ${seed}: no 5xx, no crash, no row, and a good device stays quick`, async (t) => {
    await using store = await openRealStore({ env: STILL })
    const [description, keys] = [await describe(store), await credentials(store)]
    const requests = fc.sample(hostileRequests(description, keys), { numRuns: count, seed })
    await using neighbour = await openGoodDevice(store, await addMachine(store, 'good'))
    await sendAll(store, requests.slice(-WARM_UP)) // code that runs for the first time is slower for everybody, whoever asks for it
    const quiet = await settled(neighbour)
    const statuses = new Map<number, number>()
    const heard = new Map<string, Set<number>>()
    const failed = new Map<string, string>()
    let sentAgain = 0
    let wasUnknown = false
    const fire = async (requests: Request[]) => {
      for (let at = 0; at < requests.length; at += GROUP) {
        const group = requests.slice(at, at + GROUP)
        const before = await rowCounts(store.pool)
        const answers = await asStrangers(() => sendAll(store, group))
        for (const [n, { status, text }] of answers.entries()) {
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
          heard.set(group[n]!.operation, (heard.get(group[n]!.operation) ?? new Set()).add(status))
          if (status < 0 || status >= 500) failed.set(group[n]!.operation, `${status} to ${show(group[n]!)}\n${text.slice(-300)}`)
        }
        const unknown = answers.some(({ status }) => status === 0)
        const refused = group.filter((_, n) => answers[n]!.status >= 400)
        const isAllRefused = group.every(({ method }, n) => isRead(method) || answers[n]!.status >= 400)
        if (!isAllRefused || !isDeepStrictEqual(await rowCounts(store.pool), before))
          sentAgain += await refusedAgain(store, refused, { isUnsure: unknown || wasUnknown })
        wasUnknown = unknown
      }
    }
    await fire(requests)
    const rare = count === FIXED.count ? await shallow(store, heard) : []
    if (rare.length > 0)
      await fire(fc.sample(hostileRequests(only(description, rare), keys), { numRuns: 900 * rare.length, seed }))
    assert.ok(store.isAlive(), store.lines.slice(-30).join('\n'))
    const loud = await neighbour.report()
    const seen = [...statuses].toSorted().map(([status, times]) => `${status}×${times}`)
    t.diagnostic(
      `${count} requests, seed ${seed}: ${seen.join(' ')}; ${sentAgain} refused ones sent again alone; ${comparison(quiet, loud)}`
    )
    const dead = statuses.get(401) ?? 0
    const fired = [...statuses.values()].reduce((sum, times) => sum + times, 0)
    assert.ok(dead < fired / 5, `${dead} of ${fired} end at the door`)
    if (count === FIXED.count)
      assert.deepEqual(await shallow(store, heard), [], 'operations that no request got as deep as the shop')
    assert.deepEqual([...failed.values()], [])
    assert.deepEqual(
      store.lines.filter((line) => /request failed|got as far as the database|exit failed/.test(line)),
      []
    )
    await quietEnough(neighbour, quiet, loud)
  })

/** What the door, the reader and the schema answer: nothing of the shop has been asked then. */
/** The more operations there are, the rarer one's luckier requests: those that no request got deep into are asked for once more by themselves. */
const only = ({ paths, ...rest }: Document, operations: string[]): Document => ({
  ...rest,
  paths: Object.fromEntries(
    Object.entries(paths).flatMap(([path, methods]) => {
      const chosen = Object.entries(methods).filter(([method]) => operations.includes(`${method.toUpperCase()} ${path}`))
      return chosen.length > 0 ? [[path, Object.fromEntries(chosen)]] : []
    })
  )
})

const BEFORE_THE_SHOP = [0, 400, 401, 405, 413, 415, 417, 422, 431]
/** There the shop itself says so: a wrong password, an address that is no camera's or no webhook's. */
const DEEP: Record<string, number> = {
  'POST /api/v1/auth/login': 401,
  'PUT /api/v1/auth/password': 422,
  'POST /api/v1/cameras': 422,
  'POST /api/v1/cameras/test': 422,
  'POST /api/v1/webhooks': 422,
  'PATCH /api/v1/webhooks/{id}': 422,
  'PUT /api/v1/products/{id}/photo': 415 // it takes pictures alone, and the description has no schema to make one from
}

/** Operations of the description, also those that are new, of which no answer came from the shop itself. */
async function shallow(store: RealStore, heard: Map<string, Set<number>>): Promise<string[]> {
  const operations = Object.entries((await describe(store)).paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
  )
  const isDeep = (operation: string) => (status: number) => status === DEEP[operation] || !BEFORE_THE_SHOP.includes(status)
  return operations.filter((operation) => ![...(heard.get(operation) ?? [])].some(isDeep(operation)))
}

const isRead = (method: string) => ['GET', 'HEAD', 'OPTIONS'].includes(method)
const show = ({ bytes }: Request) =>
  bytes
    .toString('latin1')
    .replace(/(.{200}).+/g, '$1…')
    .slice(0, 1500)
const portOf = (store: RealStore) => Number(new URL(store.url).port)

async function sendAll(store: RealStore, requests: Request[]) {
  const answers: { status: number; text: string }[] = []
  let next = 0
  const work = async () => {
    while (next < requests.length) {
      const n = next++
      answers[n] = await sendBytes(portOf(store), requests[n]!.bytes)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return answers
}

/**
 * What was refused is sent alone, and must leave everything as it is. A difference counts when it shows each time where a request that was
 * not answered before may still be at work, or the box itself, whose jobs write now and then. Returns how many were compared.
 */
async function refusedAgain(
  store: RealStore,
  refused: Request[],
  { isUnsure, times = 1 }: { isUnsure: boolean; times?: number }
): Promise<number> {
  const before = await rowCounts(store.pool)
  const answers = await sendAll(store, refused)
  if (answers.some(({ status }) => status < 400)) return 0
  const after = await rowCounts(store.pool)
  const changed = Object.keys(after).filter((table) => after[table] !== before[table])
  const mayBeAnothers = isUnsure || changed.every((table) => BY_ITSELF.includes(table))
  if (changed.length > 0 && mayBeAnothers && times < MOST_TIMES)
    return refusedAgain(store, refused, { isUnsure, times: times + 1 })
  assert.deepEqual(after, before, `one of\n${refused.map(show).join('\n—\n')}`)
  return refused.length
}

const describe = async (store: RealStore): Promise<Document> =>
  (await fetch(`${store.url}/api/openapi.json`)).json() as Promise<Document>

/** One that nobody asks for pictures. */
const CAMERA = { name: 'door', tag: 'ENTRY', streamUrl: 'rtsp://127.0.0.1:9/door', enabled: false }

/** Every kind of caller, and ids that exist, so that requests get as deep as they can. */
async function credentials(store: RealStore): Promise<Credentials> {
  const target = await addMachine(store, 'm-target')
  await addMachine(store, 'm-doomed')
  const scanner = (name: string, tag = 'ENTRY') => store.call('POST', '/api/v1/scanners', { name, tag })
  const [entry, exit, doomed] = [await scanner('door'), await scanner('back door', 'EXIT'), await scanner('old door')]
  const knocking = await scanner('side door') // named in no request, so that none gives it another key
  const product = await store.call('POST', '/api/v1/products', { sku: 'x', name: 'x', weightGrams: 100, priceMinor: 100 })
  const reviewer = await store.call('POST', '/api/v1/staff', { username: 'rita', role: 'reviewer', password: 'seven slow ships' })
  const camera = await store.call('POST', '/api/v1/cameras', CAMERA)
  const visits = await visitsOf(store, { entry, exit })
  const { items: tickets } = await store.call('GET', '/api/v1/tickets')
  const admin = `Bearer ${store.token}`
  const [eye, shut] = [
    await store.call('POST', '/api/v1/trackers', { name: 'ceiling' }),
    await store.call('POST', '/api/v1/trackers', { name: 'old' })
  ]
  const [machineKey, scannerKey] = [`Bearer ${target.deviceKey}`, `Bearer ${knocking.deviceKey}`]
  return {
    host: new URL(store.url).host,
    right: {
      staff: admin,
      'device:machine': machineKey,
      'device:scanner': scannerKey,
      'device:tracker': `Bearer ${eye.deviceKey}`
    },
    wrong: [admin, machineKey, scannerKey, '', 'Bearer x', 'Basic x'],
    ids: {
      ...{ machines: ['m-target'], scales: ['001'], scanners: [entry.id, exit.id], products: [product.id], staff: [reviewer.id] },
      ...{ cameras: [camera.id], videos: [newId()], trackers: [eye.id] },
      ...{ visits: visits.map(({ visitId }) => visitId), users: visits.map(({ userId }) => userId) },
      ...{ tickets: tickets.map(({ id }: { id: string }) => id) }
    },
    doomed: { machines: 'm-doomed', scanners: doomed.id, trackers: shut.id }
  }
}

/** Six users came; the first half has left again, with a ticket for each machine. */
async function visitsOf(store: RealStore, { entry, exit }: Record<'entry' | 'exit', { deviceKey: string }>) {
  const key = freshKey()
  await store.call('POST', '/api/v1/qr-keys', { jwk: key.publicJwk })
  await store.call('PUT', '/api/v1/store/mode', { mode: 'CUSTOMER_MODE' })
  const show = async (path: string, { deviceKey }: { deviceKey: string }, id: string) => {
    const iat = Math.floor(Date.now() / 1000)
    const token = await key.sign({ id, role: 'customer', phoneNumber: '+911234567890', jti: newId(), iat, exp: iat + 60 })
    const headers = { authorization: `Bearer ${deviceKey}`, 'content-type': 'application/json' }
    const answer = await fetch(`${store.url}${path}`, { method: 'POST', headers, body: JSON.stringify({ token }) })
    assert.equal(answer.status, 200)
    return (await answer.json()) as { visitId: string; userId: string }
  }
  const visits = []
  for (let n = 0; n < 6; n++) visits.push(await show('/entry-control/', entry, newId()))
  for (const { userId } of visits.slice(0, 3)) await show('/exit-control/', exit, userId)
  return visits
}
