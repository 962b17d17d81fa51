/** A video whose file went, and of which there is a copy in the upload store, plays as before: through the box, by the same links, no further. */
import assert from 'node:assert/strict'
import { existsSync, rmSync } from 'node:fs'
import { test } from 'node:test'
import { removeVideosNobodyNeeds } from '#server/domain/ticket/actions.ts'
import { withoutFfmpeg as skip } from '#test/support/ffmpeg.ts'
import { filmedCamera } from '#test/support/filming.ts'
import { assertProblem, sender } from '#test/support/http.ts'
import { reviewing } from '#test/support/review-desk.ts'
import { openUploadingStore } from '#test/support/uploading.ts'
import { caughtUp, later, visitor } from '#test/support/visiting.ts'

const SECOND = 1000

/** A visit of 6 s in the middle of a video of 20 s, reviewed, uploaded; its file is gone for want of space. */
async function openStoreWithCopy() {
  const store = await openUploadingStore()
  const { ctx, clock } = store
  await store.shopper.leave()
  clock.forward(60 * SECOND)
  const camera = await filmedCamera(ctx, { machineIds: ['m1'] })
  const clip = await camera.open(clock.now())
  clip.grow(20)
  clock.forward(7 * SECOND)
  const shopper = await visitor(store)
  clock.forward(6 * SECOND)
  const { tickets } = await shopper.leave()
  clock.forward(7 * SECOND)
  await clip.close()
  const desk = reviewing(await store.staff('reviewer'))
  const { id } = tickets[0]!
  await desk.settle(id)
  await using _uploader = store.upload()
  await store.untilUploaded(clip.videoId)
  await caughtUp(ctx.events)
  await later(store)
  const before = await desk.ticket(id)
  Object.assign(ctx, { config: { ...ctx.config, clipQuotaGb: 0 } })
  assert.equal(await removeVideosNobodyNeeds(ctx), 1)
  assert.equal(existsSync(clip.path), false)
  const content = camera.content.subarray(0, clip.wholeBytes())
  const bytes = async (url: string, headers: Record<string, string> = {}) => {
    const answer = await store.app.inject({ method: 'GET', url, headers })
    return { status: answer.statusCode, headers: answer.headers, body: answer.rawPayload }
  }
  const admin = await store.staff('admin')
  const signedIn = { authorization: `Bearer ${admin.token}` }
  const dispose = () => store[Symbol.asyncDispose]()
  return { ...store, camera, clip, content, bytes, desk, admin, signedIn, ticketId: id, before, [Symbol.asyncDispose]: dispose }
}

test('it is not missing; its content, its window as HLS and its pictures come from the copy, byte for byte, and no link reaches further than before', {
  skip
}, async () => {
  await using store = await openStoreWithCopy()
  const { clip, content, bytes, signedIn } = store
  await caughtUp(store.ctx.events)
  await later(store)
  const ticket = await store.desk.ticket(store.ticketId)
  const [video] = ticket.videos
  assert.deepEqual([video!.isMissing, video!.removedFor, typeof video!.uploadedAt], [false, 'quota', 'string'])
  assert.equal(ticket.version, store.before.version, 'its evidence is what it was')
  const whole = await bytes(`/api/v1/videos/${clip.videoId}/content`, signedIn)
  assert(whole.status === 200 && whole.body.equals(content))
  const { playlistUrl, thumbnailUrl } = ticket.footage[0]!
  const playlist = (await bytes(playlistUrl)).body.toString()
  const segments = [...playlist.matchAll(/#EXT-X-BYTERANGE:(\d+)@(\d+)\n(\S+)/g)]
  assert(segments.length >= 6, playlist)
  for (const [, length, offset, url] of segments) {
    const [start, end] = [Number(offset), Number(offset) + Number(length) - 1]
    const part = await bytes(url!, { range: `bytes=${start}-${end}` })
    assert(part.status === 206 && part.body.equals(content.subarray(start, end + 1)))
  }
  const outside = await sender(store.app)('GET', segments[0]![3]!, undefined, { range: 'bytes=0-' })
  assertProblem(outside, 403, 'outside-link')
  const picture = await bytes(`${thumbnailUrl}&at=${ticket.startTime}`)
  assert.deepEqual([picture.status, picture.headers['content-type']], [200, 'image/jpeg'])
  const answers = JSON.stringify([ticket, playlist, whole.headers])
  for (const secret of [store.s3.url, 'evidence', 'AKIDSTORE']) assert(!answers.includes(secret), secret)
})

test('while the store is away, refuses, has lost it, or is not the one that is set, the answer says so, and nobody keeps it for the video', {
  skip
}, async () => {
  await using store = await openStoreWithCopy()
  const { clip, ctx, s3 } = store
  const ask = () => store.admin.send('GET', `/api/v1/videos/${clip.videoId}/content`)
  s3.faults.refusal = { status: 500, code: 'InternalError' }
  const away = await ask()
  assertProblem(away, 503, 'unavailable')
  const { etag, 'cache-control': kept, 'content-range': range } = away.headers
  assert.deepEqual([etag, kept, range], [undefined, undefined, undefined])
  s3.faults.refusal = null
  assert.equal((await ask()).status, 200)
  const window = `from=${store.before.startTime}&to=${store.before.endTime}`
  assertProblem(await store.admin.send('GET', `/api/v1/cameras/${store.camera.id}/export.mp4?${window}`), 409, 'only-uploaded')
  s3.objects.clear()
  assertProblem(await ask(), 404, 'not-found')
  await ctx.db.updateTable('videoUpload').set({ place: 'https://other.example/evidence' }).execute()
  const other = await ask()
  assertProblem(other, 409, 'other-upload-store')
  assert(!other.text.includes('other.example'))
})

test('a box that was restored without its videos plays those that were uploaded', { skip }, async () => {
  await using store = await openStoreWithCopy()
  const { ctx, clip } = store
  await ctx.db.updateTable('video').set({ missingAt: null, removedFor: null }).execute() // as the backup knows it
  rmSync(clip.path, { force: true })
  const whole = await store.bytes(`/api/v1/videos/${clip.videoId}/content`, store.signedIn)
  assert(whole.body.equals(store.content))
})
