/** Background jobs: they beat, never overlap, survive what they throw, and their runs are seen; what is over is forgotten. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { drainJobs, startJobs } from '#server/jobs/index.ts'
import { releaseMemoryJob } from '#server/jobs/release-memory.ts'
import { type Job, Timetable } from '#server/jobs/timetable.ts'
import { systemClock } from '#server/platform/clock.ts'
import { newId } from '#server/platform/ids.ts'
import { reviewing } from '#test/support/review-desk.ts'
import { land, openStore, visitor } from '#test/support/visiting.ts'

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000
  while (!(await holds())) {
    assert(performance.now() < deadline, `never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

test('a job beats, runs on while it finds work, never overlaps itself, and outlives what it throws', async () => {
  await using store = await openStore({ machines: 0, clock: systemClock })
  let running = 0
  let most = 0
  let runs = 0
  const busy: Job = {
    name: 'busy',
    everyMs: 30,
    onEvents: true,
    async run() {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setTimeout(resolve, 5))
      running -= 1
      runs += 1
      if (runs === 3) throw new Error('third time unlucky')
      return runs < 3 ? 1 : 0
    }
  }
  const timetable = new Timetable(store.ctx, [busy])
  timetable.start()
  for (let n = 0; n < 50; n++) store.ctx.events.nudge()
  await until('eight runs', () => runs >= 8)
  await timetable.stop()
  const stopped = runs
  assert.equal(most, 1)
  const { send } = await store.staff('operations')
  const [job] = (await send('GET', '/api/v1/jobs')).body.items
  assert.deepEqual([job.name, job.failures, job.lastError], ['busy', 1, 'third time unlucky'])
  assert(job.nextRunAt > job.lastStartedAt)
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.equal(runs, stopped)
})

test('a job that is nudged before its last run is known does not run twice at once', async () => {
  await using store = await openStore({ machines: 0, clock: systemClock })
  const { pool } = store.ctx
  const known = Promise.withResolvers<void>()
  const query = async (...args: Parameters<typeof pool.query>) => {
    await known.promise
    return pool.query(...args)
  }
  let running = 0
  let most = 0
  const done = Promise.withResolvers<number>()
  const job: Job = {
    name: 'slow',
    everyMs: 1,
    onEvents: true,
    run() {
      most = Math.max(most, ++running)
      return done.promise.finally(() => {
        running -= 1
      })
    }
  }
  const timetable = new Timetable({ ...store.ctx, pool: { query } as never }, [job])
  timetable.start()
  store.ctx.events.nudge()
  await until('a run', () => running === 1)
  known.resolve()
  await new Promise((resolve) => setTimeout(resolve, 50))
  done.resolve(0)
  await timetable.stop()
  assert.equal(most, 1)
})

test('every job of the timetable is seen with its last and next run; reviewers have no business there', async () => {
  await using store = await openStore({ machines: 1, clock: systemClock })
  await using stack = new AsyncDisposableStack()
  const jobs = startJobs(store.ctx)
  stack.defer(() => jobs.stop())
  const { send } = await store.staff('admin')
  const items = async (): Promise<
    { name: string; lastFinishedAt: string | null; lastError: string | null; nextRunAt: string | null }[]
  > => (await send('GET', '/api/v1/jobs')).body.items
  await until(
    'all ran',
    async () =>
      (await items()).length === 17 && (await items()).every((job) => job.lastFinishedAt !== null && job.nextRunAt !== null)
  )
  await jobs.stop()
  assert.deepEqual(
    (await items()).map((job) => [job.name, job.lastError]),
    [
      'attach-late-evidence',
      'clean-up',
      'expire-leases',
      'forget-old-users',
      'infer-movements',
      'queue-webhooks',
      'release-memory',
      'reload-device-keys',
      'remove-old-videos',
      'review-empty-tickets',
      'rotate-machine-sessions',
      'settle-weight-changes',
      'watch-cameras',
      'watch-clock',
      'watch-commands',
      'watch-machines',
      'watch-stock'
    ].map((name) => [name, null])
  )
  assert.equal((await (await store.staff('reviewer')).send('GET', '/api/v1/jobs')).status, 403)
})

test('with the timetable running, late evidence reopens a ticket within a second or two by itself', async () => {
  await using store = await openStore({ machines: 1, clock: systemClock })
  await using stack = new AsyncDisposableStack()
  const jobs = startJobs(store.ctx)
  stack.defer(() => jobs.stop())
  const shopper = await visitor(store)
  const inside = store.ctx.clock.now()
  const { tickets } = await shopper.leave()
  const desk = reviewing(await store.staff('reviewer'))
  assert.equal((await desk.ticket(tickets[0]!.id)).status, 'REVIEW_COMPLETE')
  await land(store.ctx, { machineId: 'm1', grams: -330, at: inside })
  await until('reopened', async () => (await desk.ticket(tickets[0]!.id)).status === 'TO_BE_REVIEWED')
  await jobs.stop()
})

test('what is over is forgotten: old codes and events, but none that a follower has still to read', async () => {
  await using store = await openStore({ machines: 0 })
  const { ctx, clock } = store
  await (await visitor(store)).leave()
  await drainJobs(ctx)
  const counts = async () => {
    const { rows } = await sql<{
      codes: number
      events: number
    }>`SELECT (SELECT count(*) FROM used_code) AS codes, (SELECT count(*) FROM event_log) AS events`.execute(ctx.db)
    return rows[0]!
  }
  const before = await counts()
  assert.equal(before.codes, 2)
  clock.forward(23 * 3_600_000)
  await drainJobs(ctx)
  assert.deepEqual(await counts(), before)
  clock.forward(2 * 3_600_000)
  await drainJobs(ctx)
  assert.deepEqual(await counts(), { ...before, codes: 0 })
  const follower = sql`INSERT INTO event_cursor (follower, transaction_id, id) SELECT ${newId()}, transaction_id, id FROM event_log ORDER BY event_log.transaction_id, event_log.id OFFSET 1 LIMIT 1`
  await follower.execute(ctx.db)
  clock.forward(7 * 86_400_000)
  await drainJobs(ctx)
  assert.equal((await counts()).events, before.events - 2, 'only what the slowest follower has seen')
})

test('memory that has gathered is given back, sooner while nobody is inside, and not again before as much has gathered anew', async (t) => {
  await using store = await openStore({ machines: 0 })
  let resident = 0
  t.mock.method(process.memoryUsage, 'rss', () => resident * 2 ** 20)
  const collect = t.mock.fn()
  const { gc } = globalThis
  globalThis.gc = collect as unknown as NonNullable<typeof gc>
  t.after(() => {
    globalThis.gc = gc
  })
  const collectionsAt = async (mebibytes: number): Promise<number> => {
    resident = mebibytes
    const before = collect.mock.callCount()
    await releaseMemoryJob.run(store.ctx)
    return collect.mock.callCount() - before
  }
  assert.equal(await collectionsAt(134), 0) // where it settled after the start
  assert.equal(await collectionsAt(137), 0)
  const shopper = await visitor(store)
  assert.equal(await collectionsAt(139), 0)
  assert.equal(await collectionsAt(145), 0)
  assert.equal(await collectionsAt(146), 1)
  assert.equal(await collectionsAt(135), 0)
  await shopper.leave()
  store.clock.forward(1000)
  assert.equal(await collectionsAt(139), 1)
  assert.equal(await collectionsAt(130), 0) // where it settles this time
  assert.equal(await collectionsAt(128), 0)
  assert.equal(await collectionsAt(131), 0)
  assert.equal(await collectionsAt(132), 1)
})
