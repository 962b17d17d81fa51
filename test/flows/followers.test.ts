/** A follower of the event log takes each page once, whoever else takes it at the same moment and whatever fails on the way. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SYSTEM, takeEvents, transact } from '#server/context.ts'
import { findCursor } from '#server/platform/event-cursor.ts'
import { openHttpStore } from '#test/support/http.ts'
import { caughtUp } from '#test/support/visiting.ts'

type Store = Awaited<ReturnType<typeof openHttpStore>>

/** So many facts, each in a transaction of its own. */
async function tell({ ctx }: Store, machineIds: string[]): Promise<void> {
  for (const machineId of machineIds) await transact(ctx, async (tx) => tx.emit('machine.online', { machineId }), SYSTEM)
  await caughtUp(ctx.events)
}

/** A follower that notes what it takes. */
function follower({ ctx }: Store, concerns: (names: string[]) => boolean | Promise<boolean> = () => true) {
  const taken: string[][] = []
  const namesOf = (events: { payload: Record<string, unknown> }[]) => events.map(({ payload }) => String(payload.machineId))
  const look = (take: (names: string[]) => void = () => {}) =>
    takeEvents(ctx, {
      follower: 'test',
      concerns: (events) => concerns(namesOf(events)),
      take: async (_tx, events) => {
        take(namesOf(events))
        taken.push(namesOf(events))
      }
    })
  return { taken, look }
}

/** Two wait for each other: each has read its page before either moves the cursor. */
function meeting(): () => Promise<true> {
  const both = Promise.withResolvers<void>()
  let arrived = 0
  return async () => {
    arrived += 1
    if (arrived === 2) both.resolve()
    await both.promise
    return true
  }
}

test('of two that take the first page at the same moment one does, and the other finds it taken', async () => {
  await using store = await openHttpStore()
  await tell(store, ['a', 'b'])
  let together = meeting()
  const { taken, look } = follower(store, () => together())
  assert.deepEqual(await Promise.all([look(), look()]), [2, 2])
  assert.deepEqual(taken, [['a', 'b']])
  await tell(store, ['c'])
  together = meeting()
  assert.deepEqual(await Promise.all([look(), look()]), [1, 1])
  assert.deepEqual(taken, [['a', 'b'], ['c']])
  assert.equal(await look(), 0)
})

test('a page that asks for nothing is passed over and does not come again', async () => {
  await using store = await openHttpStore()
  await tell(store, ['a'])
  const { taken, look } = follower(store, (names) => names.includes('b'))
  assert.deepEqual([await look(), await look()], [1, 0])
  await tell(store, ['b', 'a'])
  assert.deepEqual([await look(), await look()], [2, 0])
  assert.deepEqual(taken, [['b', 'a']])
})

test('a page whose effects failed comes again, whole', async () => {
  await using store = await openHttpStore()
  await tell(store, ['a', 'b'])
  const { taken, look } = follower(store)
  await assert.rejects(
    look(() => assert.fail('no effect')),
    /no effect/
  )
  assert.equal(await findCursor(store.ctx.db, 'test'), null)
  assert.equal(await look(), 2)
  assert.deepEqual(taken, [['a', 'b']])
})
