/** A ticket's videos: every clip of the machine's cameras and of the doors' that overlaps its window, also one that opens, closes or goes later. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CameraTag } from '#contracts/api/cameras.ts'
import { SYSTEM } from '#server/context.ts'
import { addCamera, changeCamera, closeClip, dropClip, openClip } from '#server/domain/camera/actions.ts'
import { EMPTY_MP4 } from '#server/platform/mp4.ts'
import { caughtUp, eventsOf, land, later, openStore, visitor } from '#test/support/visiting.ts'

const SECOND = 1000

async function openFilmedStore() {
  const store = await openStore({ machines: 2 })
  const { ctx } = store
  const camera = (name: string, tag: CameraTag, machineIds: string[] = []) =>
    addCamera(ctx, SYSTEM, { name, tag, streamUrl: `rtsp://cam/${name}`, machineIds })
  const cameras = {
    entry: await camera('entry', 'ENTRY'),
    shelf: await camera('shelf', 'IN_STORE', ['m1']),
    street: await camera('street', 'OUT_OF_STORE')
  }
  let clips = 0
  const opened = (cameraId: string, tag: string, startedAt = ctx.clock.now()) =>
    openClip(ctx, { cameraId, tag, file: `${cameraId}/${++clips}.mp4`, startedAt })
  const close = (videoId: string, startedAt: Date) =>
    closeClip(ctx, { videoId, startedAt, endedAt: ctx.clock.now(), bytes: 7, mp4: EMPTY_MP4 })
  const admin = await store.staff('admin')
  const ticket = async (id: string) => (await admin.send('GET', `/api/v1/tickets/${id}`)).body
  const shown = async (id: string) => (await ticket(id)).videos.map((video: { id: string }) => video.id)
  const settle = async (ms = 0) => {
    await caughtUp(ctx.events)
    await later(store, ms)
  }
  return { ...store, cameras, opened, close, ticket, shown, settle, admin }
}

test('a ticket has the clips of its machine’s cameras and of the doors, the one still open at logout too, and says that it is awaited', async () => {
  await using store = await openFilmedStore()
  const { cameras, clock, opened, close } = store
  const t0 = clock.now()
  const before = await opened(cameras.shelf.id, 'IN_STORE')
  clock.forward(5 * SECOND)
  await close(before, t0)
  clock.forward(SECOND)
  const t1 = clock.now()
  const [door, shelf, street] = [
    await opened(cameras.entry.id, 'ENTRY'),
    await opened(cameras.shelf.id, 'IN_STORE'),
    await opened(cameras.street.id, 'OUT_OF_STORE')
  ]
  clock.forward(SECOND)
  const guest = await visitor(store)
  clock.forward(10 * SECOND)
  const { tickets } = await guest.leave()
  const [m1, m2] = tickets.map(({ id }) => id) as [string, string]
  assert.deepEqual([await store.shown(m1), await store.shown(m2)], [[door, shelf], [door]])
  assert.deepEqual((await store.ticket(m1)).awaitedVideos, [door, shelf])
  const { version } = await store.ticket(m1)

  clock.forward(10 * SECOND)
  await close(shelf, t1)
  await close(street, t1)
  await store.settle()
  const seen = await store.ticket(m1)
  assert.deepEqual([seen.version, seen.awaitedVideos, seen.revisions[0].reason], [version + 1, [door], 'video'])
  assert.equal(seen.videos[1].endTime, clock.now().toISOString())
  const other = await store.ticket(m2)
  assert.deepEqual(
    [other.awaitedVideos, other.revisions.filter((one: { reason: string }) => one.reason === 'video').length],
    [[door], 0]
  )
  await opened(cameras.shelf.id, 'IN_STORE')
  await store.settle()
  assert.equal((await store.ticket(m1)).version, version + 1, 'a clip after the window is none of it')
  await store.settle()
  assert.deepEqual(
    (await eventsOf(store.ctx, 'ticket.changed')).map(({ ticketId, reason }) => [ticketId, reason]),
    [[m1, 'video']]
  )
})

test('a weight change and the end of a clip that are learned of together make two versions, and neither is lost', async () => {
  await using store = await openFilmedStore()
  const { cameras, clock, ctx } = store
  const t0 = clock.now()
  const shelf = await store.opened(cameras.shelf.id, 'IN_STORE')
  clock.forward(SECOND)
  const guest = await visitor(store)
  clock.forward(5 * SECOND)
  const inside = clock.now()
  clock.forward(5 * SECOND)
  const { tickets } = await guest.leave()
  const [m1, m2] = tickets.map(({ id }) => id) as [string, string]
  await store.settle()
  const { version, revisions } = await store.ticket(m1)
  clock.forward(5 * SECOND)
  await store.close(shelf, t0)
  const change = await land(ctx, { machineId: 'm1', grams: -330, at: inside })
  await store.settle()
  const seen = await store.ticket(m1)
  assert.deepEqual(
    seen.revisions.slice(0, seen.revisions.length - revisions.length).map(({ reason }: { reason: string }) => reason),
    ['video', 'late-evidence']
  )
  assert.deepEqual(
    [seen.version, seen.awaitedVideos, seen.weightChanges.map(({ id }: { id: string }) => id)],
    [version + 2, [], [change]]
  )
  assert.deepEqual((await store.ticket(m2)).weightChanges, [])
})

test('a video that comes late or goes makes a new version, and never reopens a completed ticket', async () => {
  await using store = await openFilmedStore()
  const { cameras, clock, opened, close } = store
  const guest = await visitor(store)
  clock.forward(10 * SECOND)
  const { tickets } = await guest.leave()
  await later(store, 60 * SECOND)
  const id = tickets[0]!.id
  const before = await store.ticket(id)
  assert.equal(before.status, 'REVIEW_COMPLETE')
  const start = new Date(clock.now().getTime() - 68 * SECOND)
  const found = await opened(cameras.shelf.id, 'IN_STORE', start)
  await close(found, start)
  await store.settle()
  const after = await store.ticket(id)
  assert.deepEqual([after.status, after.version, after.videos.length], ['REVIEW_COMPLETE', before.version + 1, 1])
  await dropClip(store.ctx, found)
  await store.settle()
  const last = await store.ticket(id)
  assert.deepEqual([last.status, last.version, last.videos.length], ['REVIEW_COMPLETE', before.version + 2, 0])
})

test('a camera that is moved takes no evidence along, and one that is linked later brings what it saw', async () => {
  await using store = await openFilmedStore()
  const { cameras, clock, opened, ctx } = store
  const shelf = await opened(cameras.shelf.id, 'IN_STORE')
  const street = await opened(cameras.street.id, 'OUT_OF_STORE')
  const guest = await visitor(store)
  clock.forward(10 * SECOND)
  const { tickets } = await guest.leave()
  clock.forward(SECOND)
  await changeCamera(ctx, SYSTEM, { id: cameras.shelf.id, change: { machineIds: ['m2'], tag: 'OUT_OF_STORE' } })
  await changeCamera(ctx, SYSTEM, { id: cameras.street.id, change: { machineIds: ['m1'] } })
  assert.deepEqual((await store.shown(tickets[0]!.id)).toSorted(), [shelf, street].toSorted())
})
