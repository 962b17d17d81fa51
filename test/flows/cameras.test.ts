/** Cameras as people onboard, change and retire them: no password is ever shown, nothing but a camera's stream is taken. */
import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { camerasToRecord } from '#server/domain/camera/actions.ts'
import { newId } from '#server/platform/ids.ts'
import { assertProblem, staffCaller } from '#test/support/http.ts'
import { openTestStore, type TestStore } from '#test/support/store.ts'

let store: TestStore
before(async () => {
  store = await openTestStore()
  for (const machineId of ['m1', 'm2'])
    await store.admin.send('POST', '/api/v1/machines', { machineId, displayName: machineId, kind: 'shelf' })
})
after(() => store[Symbol.asyncDispose]())

const SECRET = 'pä55-w0rd'
const URL_SENT = `rtsp://bob:${encodeURIComponent(SECRET)}@10.0.0.7:554/live?channel=1`
const URL_SHOWN = 'rtsp://bob:***@10.0.0.7:554/live?channel=1'
const input = (more: object = {}) => ({ name: 'door', tag: 'ENTRY', streamUrl: URL_SENT, machineIds: ['m1'], ...more })
const add = async (more: object = {}) => (await store.admin.send('POST', '/api/v1/cameras', input(more))).body

test('a camera is onboarded: its password is encrypted, and in no answer, row, audit entry or event', async () => {
  const answer = await store.admin.send('POST', '/api/v1/cameras', input(), { 'idempotency-key': newId() })
  assert.equal(answer.status, 201, answer.text)
  const { id, name, tag, streamUrl, transport, enabled, machineIds, state, version } = answer.body
  assert.deepEqual(
    [name, tag, streamUrl, transport, enabled, machineIds, state, version],
    ['door', 'ENTRY', URL_SHOWN, 'tcp', true, ['m1'], 'connecting', 1]
  )
  await store.admin.send('PATCH', `/api/v1/cameras/${id}`, { name: 'front door' })
  const everything =
    await store.ctx.pool.query(`SELECT (SELECT jsonb_agg(camera) FROM camera) AS a, (SELECT jsonb_agg(audit_entry) FROM audit_entry) AS b,
    (SELECT jsonb_agg(event_log) FROM event_log) AS c, (SELECT jsonb_agg(idempotency_key) FROM idempotency_key) AS d`)
  const all = `${answer.text}${JSON.stringify(everything.rows)}`
  for (const secret of [SECRET, encodeURIComponent(SECRET), Buffer.from(SECRET).toString('hex')]) assert.ok(!all.includes(secret))
  assert.equal((await camerasToRecord(store.ctx)).find((camera) => camera.cameraId === id)!.streamUrl, URL_SENT)
  const key = join(store.dataDir, 'keys', 'cameras.key')
  assert.deepEqual([statSync(key).mode & 0o777, readFileSync(key).length], [0o600, 32])
})

test('a URL as it was shown stands for the one that is stored; another with *** is refused; a whole one is new', async () => {
  const { id } = await add()
  const path = `/api/v1/cameras/${id}`
  const stored = async () => (await camerasToRecord(store.ctx)).find((camera) => camera.cameraId === id)!.streamUrl
  assert.equal((await store.admin.send('PATCH', path, { streamUrl: URL_SHOWN, name: 'x' })).status, 200)
  assert.equal(await stored(), URL_SENT)
  assertProblem(await store.admin.send('PATCH', path, { streamUrl: URL_SHOWN.replace('.7', '.8') }), 422, 'invalid')
  assert.equal(
    (await store.admin.send('PATCH', path, { streamUrl: 'rtsp://bob:new@10.0.0.8/' })).body.streamUrl,
    'rtsp://bob:***@10.0.0.8/'
  )
  assert.equal(await stored(), 'rtsp://bob:new@10.0.0.8/')
})

test('what is wrong is named and changes nothing', async () => {
  const rows = async () => (await store.ctx.pool.query('SELECT count(*) AS n FROM camera')).rows[0].n
  const n = await rows()
  for (const streamUrl of [
    'file:///etc/passwd',
    'http://10.0.0.7/x',
    "rtsp://cam/a'b",
    'rtsp://cam/a\nfile b',
    'concat:a|b',
    '/dev/video0'
  ]) {
    const refused = await store.admin.send('POST', '/api/v1/cameras', input({ streamUrl }))
    assertProblem(refused, 422, 'invalid')
    assert.equal(refused.body.field, 'streamUrl')
  }
  const stranger = await store.admin.send('POST', '/api/v1/cameras', input({ machineIds: ['m1', 'nobody'] }))
  assertProblem(stranger, 422, 'invalid')
  assert.equal(stranger.body.field, 'machineIds')
  assertProblem(await store.admin.send('POST', '/api/v1/cameras', input({ tag: 'ROOF' })), 422, 'invalid')
  assertProblem(await store.admin.send('GET', `/api/v1/cameras/${newId()}`), 404, 'not-found')
  assert.equal(await rows(), n)
})

test('two who change one camera: the second is told; reviewers see videos, not cameras', async () => {
  const { id } = await add()
  const path = `/api/v1/cameras/${id}`
  assert.equal((await store.admin.send('PATCH', path, { machineIds: ['m2'], version: 1 })).body.version, 2)
  assertProblem(await store.admin.send('PATCH', path, { name: 'late', version: 1 }), 409, 'stale-version')
  const reviewer = await staffCaller(store.ctx, store.app, 'reviewer')
  assertProblem(await reviewer.send('GET', path), 403, 'forbidden')
  assert.equal((await reviewer.send('GET', '/api/v1/videos')).status, 200)
})

test('a retired camera is in no list, and is recorded no more', async () => {
  const { id } = await add()
  const path = `/api/v1/cameras/${id}`
  assert.equal((await store.admin.send('DELETE', path)).status, 204)
  assertProblem(await store.admin.send('DELETE', path), 404, 'not-found')
  const ids = async (query: string) =>
    (await store.admin.send('GET', `/api/v1/cameras?limit=200${query}`)).body.items.map((one: { id: string }) => one.id)
  assert.deepEqual([(await ids('')).includes(id), (await ids('&retired=true')).includes(id)], [false, true])
  assert.equal((await store.admin.send('GET', path)).body.state, 'disabled')
  assert.ok(!(await camerasToRecord(store.ctx)).some((camera) => camera.cameraId === id))
})

test('videos are listed by camera and by time, page by page, open ones too', async () => {
  const { id: cameraId } = await add()
  const at = (minute: number) => new Date(Date.UTC(2026, 2, 1, 8, minute))
  const rows = [0, 5, 10, 15].map((minute) => ({
    ...{ id: newId(), cameraId, tag: 'ENTRY', file: `${cameraId}/${minute}.mp4`, startedAt: at(minute) },
    endedAt: minute === 15 ? null : at(minute + 5)
  }))
  await store.ctx.db.insertInto('video').values(rows).execute()
  await store.ctx.db
    .insertInto('videoGap')
    .values({ id: newId(), cameraId, startedAt: at(10), endedAt: at(10), cause: 'restart' })
    .execute()
  const list = async (query: string) => (await store.admin.send('GET', `/api/v1/videos?cameraId=${cameraId}${query}`)).body
  const first = await list('&limit=3')
  const second = await list(`&limit=3&cursor=${first.nextCursor}`)
  const newest = rows.map(({ id }) => id).toReversed()
  assert.deepEqual(
    [...first.items, ...second.items].map((video: { id: string }) => video.id),
    newest
  )
  assert.equal(second.nextCursor, null)
  const during = await list(`&from=${at(6).toISOString()}&to=${at(11).toISOString()}`)
  assert.deepEqual(
    during.items.map((video: { startTime: string }) => video.startTime),
    [at(10), at(5)].map((time) => time.toISOString())
  )
  assert.deepEqual(during.items[0].gaps, [{ from: at(10).toISOString(), to: at(10).toISOString(), cause: 'restart' }])
  assert.equal(first.items[0].endTime, null)
})
