/** AUTO_REVIEW=confident: what inference is sure of completes itself; the rest, and a sample, go to people. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reviewing } from '#test/support/review-desk.ts'
import { openShelfStore, type ShelfStore } from '#test/support/shelf-store.ts'
import { eventsOf, land, later, visitor } from '#test/support/visiting.ts'

const confident = (more: Record<string, string> = {}) =>
  openShelfStore({ env: { AUTO_REVIEW: 'confident', AUTO_REVIEW_SAMPLE: '0', ...more } })

/** Somebody takes a juice and a cola from m1, soap from m2, and leaves; both machines are heard afterwards. */
async function shop(store: ShelfStore, shoppers = 1) {
  const inside = await Promise.all(Array.from({ length: shoppers }, () => visitor(store)))
  await store.seconds(6)
  await store.hand('m1', { 103: -519 })
  await store.hand('m2', { 105: -90 })
  const visits = []
  for (const one of inside) visits.push(await one.leave())
  await store.seconds(3)
  await later(store, 1000)
  return visits
}

test('a visit of which all is sure is settled within seconds, each change billed once', async () => {
  await using store = await confident()
  const [visit] = await shop(store)
  const [settled] = await eventsOf(store.ctx, 'visit.settled')
  const { lines, totalMinor, visitId } = settled as {
    lines: { productId: string; quantity: number }[]
    totalMinor: number
    visitId: string
  }
  assert.deepEqual([visitId, store.named(lines).sort(), totalMinor], [visit!.visitId, ['1 juice', '1 soap'], 6100])
  const { rows } = await store.ctx.pool.query('SELECT count(*)::int AS billed FROM billed_weight_change')
  assert.equal(rows[0].billed, 2)
  const [ticket] = await store.ctx.db.selectFrom('ticket').select(['completedBy']).execute()
  assert.equal(ticket!.completedBy, 'system')
})

test('of two inside nothing is sure: both tickets wait for people, with what inference proposes', async () => {
  await using store = await confident()
  await shop(store, 2)
  const desk = reviewing(await store.staff('reviewer'))
  await later(store, 60_000)
  const { items } = (await desk.send('GET', '/api/v1/tickets?status=TO_BE_REVIEWED')).body
  assert.equal(items.length, 4)
  assert.deepEqual(await eventsOf(store.ctx, 'visit.settled'), [])
})

test('what was taken at one machine and put back at another is left to people on both, when it is on one', async () => {
  const open = async (isOdd: boolean) => {
    await using store = await confident()
    const one = await visitor(store)
    await store.seconds(6)
    await store.hand('m1', { 103: -519 })
    await store.seconds(8)
    await store.hand('m2', { 104: 519 })
    await store.seconds(8)
    await store.hand('m1', isOdd ? { 104: -90 } : { 101: -345 })
    await one.leave()
    await store.seconds(3)
    await later(store, 60_000)
    const rows = await store.ctx.db
      .selectFrom('ticket')
      .select('machineId')
      .where('status', '=', 'TO_BE_REVIEWED')
      .orderBy('machineId')
      .execute()
    return rows.map(({ machineId }) => machineId)
  }
  assert.deepEqual(await open(false), [])
  assert.deepEqual(await open(true), ['m1', 'm2'])
})

test('the sampled share goes to people, and whether they agree is counted', async () => {
  await using store = await confident({ AUTO_REVIEW_SAMPLE: '1' })
  const [visit] = await shop(store)
  const desk = reviewing(await store.staff('reviewer'))
  const counts = async () =>
    (
      await store.ctx.pool.query(
        `SELECT double_check_agreed AS agreed, count(*)::int AS n FROM ticket WHERE double_check_agreed IS NOT NULL GROUP BY 1 ORDER BY 1`
      )
    ).rows
  const [first, second] = await Promise.all(visit!.tickets.map(({ id }) => desk.ticket(id)))
  assert.deepEqual([first!.status, second!.status, 'doubleCheck' in first!], ['TO_BE_REVIEWED', 'TO_BE_REVIEWED', false])
  const same = first!.proposedLines.map(({ productId, quantity, weightChangeIds }) => ({ productId, quantity, weightChangeIds }))
  await desk.settle(first!.id, same)
  await desk.settle(second!.id, [])
  assert.deepEqual(await counts(), [
    { agreed: false, n: 1 },
    { agreed: true, n: 1 }
  ])
})

test('what lands late reopens a ticket that completed itself', async () => {
  await using store = await confident()
  const [visit] = await shop(store)
  const id = visit!.tickets[0]!.id
  const desk = reviewing(await store.staff('reviewer'))
  assert.equal((await desk.ticket(id)).status, 'REVIEW_COMPLETE')
  const at = new Date(Date.parse((await desk.ticket(id)).startTime) + 3000)
  await land(store.ctx, { machineId: 'm1', scaleId: '105', grams: -100, at })
  await later(store, 60_000)
  const reopened = await desk.ticket(id)
  assert.deepEqual([reopened.status, reopened.reopenReason], ['TO_BE_REVIEWED', 'late-evidence'])
})
