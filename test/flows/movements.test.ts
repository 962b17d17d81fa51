/** Movements end to end: hands at shelves, what the API says of them, and the lines a ticket proposes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Movement } from '#contracts/api/movements.ts'
import type { Ticket } from '#contracts/api/tickets.ts'
import { inferMovements } from '#server/domain/ticket/actions.ts'
import { changeStoreMode, staysAround } from '#server/domain/user/actions.ts'
import { drainJobs } from '#server/jobs/index.ts'
import { reviewing } from '#test/support/review-desk.ts'
import { openShelfStore, type ShelfStore } from '#test/support/shelf-store.ts'
import { eventsOf, later, visitor } from '#test/support/visiting.ts'

const movementsOf = async (store: ShelfStore, query = ''): Promise<Movement[]> => {
  const { body, status, text } = await (await store.staff('reviewer')).send('GET', `/api/v1/movements?limit=200${query}`)
  assert.equal(status, 200, text)
  return body.items.toReversed()
}
const ticketsOf = async (store: ShelfStore, visitId: string): Promise<Ticket[]> =>
  (await (await store.staff('reviewer')).send('GET', `/api/v1/tickets?visitId=${visitId}`)).body.items.toReversed()

test('what a shopper takes from two machines, and what stays in the hand, is what the tickets propose', async () => {
  await using store = await openShelfStore()
  const shopper = await visitor(store)
  await store.seconds(5)
  await store.hand('m1', { 103: -519 })
  await store.hand('m2', { 101: -22, 102: -21, 103: -19 }) // no scale of it moved by a threshold
  await store.hand('m1', { 101: -290, 102: -402 })
  await store.hand('m1', { 103: 519 })
  const { visitId } = await shopper.leave()
  await later(store, 1000)
  const movements = await movementsOf(store, `&visitId=${visitId}`)
  assert.deepEqual(store.named(movements), ['1 juice', '1 chips', '2 cola', '-1 juice'])
  assert.deepEqual(
    movements.map((movement) => [movement.returned, movement.shares[visitId]]),
    [
      [1, 1],
      [0, 1],
      [0, 1],
      [0, 1]
    ]
  )
  const [m1, m2] = await ticketsOf(store, visitId)
  assert.deepEqual([store.named(m1!.proposedLines), store.named(m2!.proposedLines)], [['2 cola'], ['1 chips']])
  assert.deepEqual(store.named(m1!.movements), ['1 juice', '2 cola', '-1 juice'])
  const [cola] = m1!.proposedLines
  const changes = m1!.weightChanges.filter((change) => cola!.weightChangeIds.includes(change.id))
  assert.deepEqual(changes.map((change) => [change.scaleId, change.grams]).sort(), [
    ['101', 290],
    ['102', 402]
  ])
  assert(changes.every((change) => change.movementId === m1!.movements[1]!.id))
})

test('what is put where it does not belong is known when the next shopper takes it, until a refill', async () => {
  await using store = await openShelfStore()
  const put = async () => {
    const shopper = await visitor(store)
    await store.seconds(5)
    await store.hand('m1', { 105: -181 })
    await store.hand('m2', { 104: 181 })
    return shopper.leave()
  }
  const take = async () => {
    const shopper = await visitor(store)
    await store.seconds(5)
    await store.hand('m2', { 104: -181 })
    const { visitId } = await shopper.leave()
    await later(store, 20_000)
    return (await movementsOf(store, `&visitId=${visitId}`))[0]!
  }
  await put()
  await later(store, 60_000)
  const taken = await take()
  assert.deepEqual([store.named([taken]), taken.reasons], [['1 nuts'], []])
  assert(taken.confidence > 0.9)
  await put()
  await later(store, 60_000)
  await changeStoreMode(store.ctx, { kind: 'system', id: 'system', name: 'system' }, { mode: 'REFILLMENT_MODE' })
  await changeStoreMode(store.ctx, { kind: 'system', id: 'system', name: 'system' }, { mode: 'CUSTOMER_MODE' })
  const again = await take()
  assert(again.confidence < 0.9 && again.reasons.length > 0, JSON.stringify(again))
})

test('of two inside nobody is sure to have done it, and it is on the ticket of one', async () => {
  await using store = await openShelfStore()
  const [a, b] = [await visitor(store), await visitor(store)]
  await store.seconds(6)
  await store.hand('m1', { 103: -520 })
  const [first, second] = [await a.leave(), await b.leave()]
  await later(store, 20_000)
  const [movement] = await movementsOf(store)
  assert(movement!.reasons.includes('several-shoppers') && movement!.confidence < 0.95)
  assert.deepEqual(Object.keys(movement!.shares).sort(), [first.visitId, second.visitId].sort())
  const proposed = (await Promise.all([first, second].map(({ visitId }) => ticketsOf(store, visitId)))).flat()
  assert.deepEqual(
    proposed.flatMap((ticket) => store.named(ticket.proposedLines)),
    ['1 juice']
  )
})

test('who never left is taken for inside, but makes nobody look again at what others did before and after', async () => {
  await using store = await openShelfStore()
  const { clock } = store
  const forgotten = await visitor(store)
  clock.forward(100 * 60_000)
  const early = await visitor(store)
  await early.leave()
  clock.forward(50 * 60_000)
  const from = clock.now()
  const late = await visitor(store)
  const { visitId } = await late.leave()
  const around = await staysAround(store.ctx.db, { from, to: clock.now(), longestMs: 2 * 3_600_000 })
  assert.equal(around.from.getTime(), from.getTime())
  assert.deepEqual(
    around.stays.map((stay) => stay.visitId),
    [forgotten.visitId, visitId]
  )
})

test('told again from the beginning, nothing changes: ids, versions and events stay', async () => {
  await using store = await openShelfStore()
  const shopper = await visitor(store)
  await store.seconds(5)
  await store.hand('m1', { 103: -519 })
  await shopper.leave()
  await later(store, 20_000)
  const before = await movementsOf(store)
  await store.ctx.pool.query(`DELETE FROM event_cursor WHERE follower = 'infer-movements'`)
  await store.ctx.pool.query(`DELETE FROM event_log WHERE name = 'movements.inferred'`)
  while ((await inferMovements(store.ctx)) > 0);
  await drainJobs(store.ctx)
  assert.deepEqual(await movementsOf(store), before)
  const { rows } = await store.ctx.pool.query(`SELECT FROM event_log WHERE name = 'movements.inferred'`)
  assert.equal(rows.length, 0)
})

test('movements are listed by machine and by time, a page at a time', async () => {
  await using store = await openShelfStore()
  const shopper = await visitor(store)
  await store.seconds(5)
  for (let n = 0; n < 3; n++) await store.hand('m1', { 103: -520 })
  await store.hand('m2', { 105: -90 })
  await shopper.leave()
  await later(store, 20_000)
  const send = (await store.staff('operations')).send
  const first = (await send('GET', '/api/v1/movements?limit=2&machineId=m1')).body
  const rest = (await send('GET', `/api/v1/movements?limit=2&machineId=m1&cursor=${encodeURIComponent(first.nextCursor)}`)).body
  assert.deepEqual(
    [store.named(first.items), store.named(rest.items), rest.nextCursor],
    [['1 juice', '1 juice'], ['1 juice'], null]
  )
  const [soap] = await movementsOf(store, '&machineId=m2')
  assert.deepEqual(store.named(await movementsOf(store, `&from=${soap!.occurredAt}`)), ['1 soap'])
  assert.deepEqual(await movementsOf(store, `&to=${new Date(0).toISOString()}`), [])
})

test('the cart builds while people shop, and screens are told', async () => {
  await using store = await openShelfStore()
  const shopper = await visitor(store)
  const { send } = await store.staff('operations')
  const cart = async () => (await send('GET', `/api/v1/visits/${shopper.visitId}/cart`)).body
  const { proposedLines, ...open } = await cart()
  assert.deepEqual([open.status, open.id, open.lines, proposedLines], ['OPEN', null, [], []])
  await store.seconds(5)
  await store.hand('m1', { 103: -519 })
  await store.hand('m2', { 105: -90 })
  const now = await cart()
  assert.deepEqual([store.named(now.proposedLines), now.proposedTotalMinor], [['1 juice', '1 soap'], 6100])
  await store.hand('m1', { 103: 519 })
  assert.deepEqual(store.named((await cart()).proposedLines), ['1 soap'])
  const told = (await eventsOf(store.ctx, 'cart.proposed')) as {
    visitId: string
    lines: { productId: string; quantity: number }[]
  }[]
  assert.deepEqual([...new Set(told.map(({ lines }) => store.named(lines).join()))], ['1 juice', '1 juice,1 soap', '1 soap'])
  await shopper.leave()
  assert.notEqual((await cart()).id, null)
})

test('a catalogue weight that is off is suggested after eight confirmed pieces of two days, and an operator puts it right', async () => {
  await using store = await openShelfStore()
  const desk = reviewing(await store.staff('reviewer'))
  const { send } = await store.staff('operations')
  const juice = store.ids.get('juice')!
  const product = async () => (await send('GET', `/api/v1/products/${juice}`)).body
  const off = async () =>
    (await send('GET', '/api/v1/products?weightOff=true')).body.items.map((row: { name: string }) => row.name)
  const bought = async (quantity: number, grams: number) => {
    const shopper = await visitor(store)
    await store.seconds(5)
    await store.hand('m1', { 103: -grams })
    const { tickets } = await shopper.leave()
    await later(store, 2000)
    const { id } = tickets.find(({ machineId }) => machineId === 'm1')!
    const weightChangeIds = (await desk.ticket(id)).weightChanges.map((change) => change.id)
    await desk.settle(id, [{ productId: juice, quantity, weightChangeIds }])
    await store.hand('m1', { 103: grams })
  }
  for (const grams of [545, 546, 544, 545]) await bought(1, grams)
  await bought(2, 1090) // pieces taken together say less of one
  await later(store, 86_400_000)
  for (const grams of [545, 543, 547]) await bought(1, grams)
  assert.deepEqual([(await product()).seenWeights.count, (await product()).suggestedWeightGrams, await off()], [7, null, []])
  await bought(1, 545)
  const { seenWeights, suggestedWeightGrams, version } = await product()
  assert.deepEqual([seenWeights, suggestedWeightGrams], [{ count: 8, median: 545, spread: 0.7 }, 545])
  assert.deepEqual(await off(), ['juice'])
  const accepted = await send('PATCH', `/api/v1/products/${juice}`, { weightGrams: suggestedWeightGrams, version })
  assert.equal(accepted.body.weightGrams, 545)
  assert.deepEqual([(await product()).suggestedWeightGrams, await off()], [null, []])
})
