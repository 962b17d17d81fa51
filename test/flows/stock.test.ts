/** Stock: what stands on the shelves by weight, what to bring, and what runs low, told once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RefillLine, Stock } from '#contracts/api/stock.ts'
import { drainJobs } from '#server/jobs/index.ts'
import { assertProblem, type Caller } from '#test/support/http.ts'
import { reviewing } from '#test/support/review-desk.ts'
import { openShelfStore, type ShelfStore } from '#test/support/shelf-store.ts'
import { eventsOf, visitor } from '#test/support/visiting.ts'

const JUICE_GRAMS = 520
const juices = (count: number) => ({ '103': count * JUICE_GRAMS })

/** Ten juices stand on scale 103 of m1, which is full; all else stands as it did. */
async function openWithJuice() {
  const store = await openShelfStore()
  const admin = await store.staff('admin')
  const productId = store.ids.get('juice')!
  const put = async (facings: object[]) => {
    const answer = await admin.send('PUT', '/api/v1/machines/m1/planogram', { facings })
    await drainJobs(store.ctx)
    return answer
  }
  const facing = { productId, scaleIds: ['103'] }
  await store.hand('m1', { '103': 10 * JUICE_GRAMS - 5000 })
  assert.equal((await put([{ ...facing, capacity: 10 }])).status, 200)
  const told = async () => {
    const names = ['stock.low', 'stock.recovered', 'stock.refilled'] as const
    const { rows } = await store.ctx.pool.query(
      'SELECT name, payload FROM event_log WHERE name = ANY($1) ORDER BY transaction_id, id',
      [names]
    )
    return rows.map(({ name, payload }) => `${name.slice(6)} ${payload.units ?? payload.onHand}`)
  }
  const juice = async (): Promise<Stock> =>
    (await admin.send('GET', `/api/v1/stock?machineId=m1&productId=${productId}`)).body.items[0]
  return Object.assign(store, { admin, put, facing, told, juice })
}

const stockOf = async (admin: Caller, query = ''): Promise<Stock[]> =>
  (await admin.send('GET', `/api/v1/stock${query}`)).body.items
const brief = (stock: Stock[], { named }: ShelfStore) =>
  stock.map(({ productId, machineId, onHand, doubts }) =>
    [machineId, named([{ productId, quantity: onHand ?? -1 }])[0], ...doubts].join(' ')
  )

test('what stands on each facing is counted by weight, with its doubts; lists go on page by page', async () => {
  await using store = await openShelfStore()
  const admin = await store.staff('operations')
  await store.hand('m1', { '103': 10 * JUICE_GRAMS - 5000 })
  await store.ctx.db.updateTable('machine').set({ online: true }).execute()
  const all = await stockOf(admin)
  assert.deepEqual(brief(all, store), [
    'm1 29 cola',
    'm1 10 juice',
    'm1 28 nuts not-whole',
    'm2 242 chips',
    'm2 56 soap not-whole',
    'm2 55 brush'
  ])
  assert.deepEqual([all[1]!.full, all[1]!.missing, all[1]!.lowAt, all[1]!.sure], [10, 0, 2, true])
  const pages: Stock[] = []
  for (let cursor: string | null = '', n = 0; cursor !== null && n < 9; n++) {
    const { body }: { body: { items: Stock[]; nextCursor: string | null } } = await admin.send(
      'GET',
      `/api/v1/stock?limit=2${cursor && `&cursor=${cursor}`}`
    )
    pages.push(...body.items)
    cursor = body.nextCursor
  }
  assert.deepEqual(pages, all)
  assert.deepEqual(
    (await stockOf(admin, '?machineId=m2')).map(({ machineId }) => machineId),
    ['m2', 'm2', 'm2']
  )
  await store.ctx.db.updateTable('machine').set({ online: false }).where('machineId', '=', 'm2').execute()
  assert.deepEqual((await stockOf(admin, '?machineId=m2'))[0]!.doubts, ['machine-offline'])
  assertProblem(await (await store.staff('reviewer')).send('GET', '/api/v1/stock'), 403, 'forbidden')
})

test('low stock is told once for each crossing, however things are taken and put back around it, and after a restart', async () => {
  await using store = await openWithJuice()
  const { ctx, hand, told, juice } = store
  await hand('m1', juices(-7))
  assert.deepEqual([await told(), (await juice()).low], [[], false])
  for (const count of [-1, 1, -1, -1, 2]) await hand('m1', juices(count))
  assert.deepEqual([await told(), (await juice()).low, (await juice()).onHand], [['low 2'], true, 3])
  await ctx.pool.query(`DELETE FROM event_cursor WHERE follower = 'watch-stock'`)
  await drainJobs(ctx)
  assert.deepEqual(await told(), ['low 2'])
  await hand('m1', juices(1))
  await hand('m1', juices(-2))
  assert.deepEqual(await told(), ['low 2', 'recovered 4', 'low 2'])
  const [low] = await eventsOf(ctx, 'stock.low')
  const { productId, scaleIds } = store.facing
  assert.deepEqual(low, { machineId: 'm1', productId, scaleIds, onHand: 2, sure: true, lowAt: 2, full: 10 })
})

test('what staff put on a shelf is a refill, and nobody pays for it; what a customer puts back is none', async () => {
  await using store = await openWithJuice()
  const { hand, told, juice } = store
  const customer = await visitor(store)
  await hand('m1', juices(-4))
  await hand('m1', juices(1))
  await customer.leave()
  assert.deepEqual([await told(), (await juice()).refilledAt], [[], null])
  store.clock.forward(1000)
  const staff = await visitor(store, { role: 'operations' })
  await hand('m1', juices(2))
  await hand('m1', juices(1))
  const { visitId, tickets } = await staff.leave()
  assert.deepEqual([await told(), (await juice()).onHand], [['refilled 2', 'refilled 1'], 10])
  assert.notEqual((await juice()).refilledAt, null)
  const desk = reviewing(store.admin)
  for (const { id } of tickets) await desk.settle(id, [{ productId: store.facing.productId, quantity: 3 }])
  const { cart } = (await desk.send('GET', `/api/v1/visits/${visitId}`)).body
  assert.deepEqual([cart.status, cart.totalMinor, cart.lines], ['SETTLED', 0, []])
})

test('the refill list says what to bring and where; without a capacity full is the most that stood there', async () => {
  await using store = await openWithJuice()
  const { admin, hand, ids } = store
  await hand('m2', { '101': -620 })
  await hand('m2', { '102': -620 })
  await hand('m1', juices(-8))
  const list = async (query = ''): Promise<RefillLine[]> => (await admin.send('GET', `/api/v1/stock/refill${query}`)).body.items
  assert.deepEqual(
    (await list()).map(({ name, missing, places }) => [
      name,
      missing,
      ...places.map((place) => `${place.machineId} ${place.scaleIds} ${place.onHand} of ${place.full}`)
    ]),
    [
      ['chips', 20, 'm2 101,102,103 222 of 242'],
      ['juice', 8, 'm1 103 2 of 10']
    ]
  )
  assert.deepEqual(
    (await list('?low=true')).map(({ productId }) => productId),
    [ids.get('juice')]
  )
  assert.deepEqual(await list('?machineId=m2&low=true'), [])
})

test('a planogram says how many fit, when that is few and what an empty shelf weighs; put again it forgets no stock', async () => {
  await using store = await openWithJuice()
  const { admin, put, facing, hand, told, juice } = store
  const full = { ...facing, capacity: 12, lowAt: 6, emptyGrams: 1040 }
  assert.deepEqual((await put([full])).body.facings, [full])
  assert.deepEqual((await admin.send('GET', '/api/v1/machines/m1/planogram')).body.facings, [full])
  const { onHand, missing, lowAt, doubts } = await juice()
  assert.deepEqual([onHand, missing, lowAt, doubts.includes('not-whole')], [8, 4, 6, false])
  await hand('m1', juices(-3))
  assert.deepEqual(await told(), ['low 5'])
  await put([{ productId: store.ids.get('cola')!, scaleIds: ['101', '102'] }, full])
  await put([full])
  assert.deepEqual([await told(), (await juice()).low], [['low 5'], true])
  const wrong = await put([{ ...facing, capacity: 6, lowAt: 6 }])
  assertProblem(wrong, 422, 'invalid')
  assert.equal(wrong.body.field, 'facings/0/lowAt')
  assertProblem(await put([{ ...facing, capacity: 0 }]), 422, 'invalid')
  await put([{ ...facing, capacity: 12 }])
  assert.deepEqual([await told(), (await juice()).onHand], [['low 5', 'recovered 7'], 7])
})

test('a product on a shared or disabled scale has no count, and low is not told for it', async () => {
  await using store = await openWithJuice()
  const { admin, put, facing, hand, told, juice } = store
  const nuts = { productId: store.ids.get('nuts')!, scaleIds: ['103'] }
  await put([{ ...facing, capacity: 10 }, nuts])
  await hand('m1', juices(-9))
  assert.deepEqual([(await juice()).onHand, (await juice()).doubts[0], await told()], [null, 'shared-scale', []])
  await hand('m1', juices(-1))
  assert.deepEqual([(await juice()).onHand, await told()], [0, ['low 0', 'low 0']])
  await put([{ ...facing, capacity: 10 }])
  await admin.send('PATCH', '/api/v1/machines/m1/scales/103', { disabled: true })
  const { onHand, doubts, low } = await juice()
  assert.deepEqual([onHand, doubts[0], low], [null, 'scale-disabled', true])
})
