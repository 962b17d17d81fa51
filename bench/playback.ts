/** Playing videos: the playlist of half an hour among a day of clips, and content of one file, against a bare node:http that pipes it. */
import { createReadStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { sql } from 'kysely'
import { readConfig } from '#server/config.ts'
import { type Context, openContext, SYSTEM } from '#server/context.ts'
import { addCamera } from '#server/domain/camera/actions.ts'
import { newId } from '#server/platform/ids.ts'
import { openLogger } from '#server/platform/logger.ts'
import { openHttp, staffCaller } from '#test/support/http.ts'
import { median, repeat } from './processes.ts'
import type { Bench, Row } from './table.ts'

const CAMERAS = 4
const [CLIPS, CLIP_SECONDS, FRAGMENT_BYTES, HEAD_BYTES] = [288, 300, 500_000, 800]
const RUNS = 30
const CONTENT_RUNS = 5

export const playback: Bench = { name: 'playback', does: 'playlists and content of a day of 4 cameras', run: () => measure() }

async function measure(): Promise<Row[]> {
  await using stack = new AsyncDisposableStack()
  const dataDir = mkdtempSync(join(tmpdir(), 'niflr-bench-'))
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }))
  const { ctx, close } = await openContext(readConfig({ DATA_DIR: dataDir }), { log: openLogger('fatal'), name: 'niflr-bench' })
  stack.defer(close)
  const app = await openHttp(ctx)
  stack.defer(() => app.close())
  const { token } = await staffCaller(ctx, app, 'admin')
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const { cameraId, videoId, path, since } = await fill(ctx)
  const get = async (address: string) => {
    const startedMs = performance.now()
    const answer = await fetch(address, { headers: { authorization: `Bearer ${token}` } })
    if (!answer.ok) throw new Error(`${address}: ${answer.status}`)
    let bytes = 0
    for await (const chunk of answer.body!) bytes += chunk.length
    return { ms: performance.now() - startedMs, bytes }
  }
  const window = (minutes: number) => {
    const from = new Date(since.getTime() + 12 * 3_600_000 + 90_000)
    const to = new Date(from.getTime() + minutes * 60_000)
    return `${url}/api/v1/cameras/${cameraId}/playlist.m3u8?from=${from.toISOString()}&to=${to.toISOString()}`
  }
  const playlist = async (minutes: number): Promise<Row> => {
    const runs = await repeat(RUNS, () => get(window(minutes)))
    return {
      name: `playlist of ${minutes} min`,
      values: { ms: median(runs.map(({ ms }) => ms)), KB: Math.round(runs[0]!.bytes / 1000) }
    }
  }
  const rows = [await playlist(1), await playlist(30), await playlist(1440)]
  const bare = await listenBare(path)
  stack.defer(bare.close)
  const before = process.memoryUsage().rss
  const content = await repeat(CONTENT_RUNS, async () => {
    const ours = await get(`${url}/api/v1/videos/${videoId}/content`)
    return { ours, bare: await get(bare.url) }
  })
  const speed = ({ ms, bytes }: { ms: number; bytes: number }) => bytes / 1e6 / (ms / 1000)
  const [ours, theirs] = [median(content.map((run) => speed(run.ours))), median(content.map((run) => speed(run.bare)))]
  const grownMB = Math.round((process.memoryUsage().rss - before) / 1e6)
  return [
    ...rows,
    { name: 'content of 150 MB', values: { 'MB/s': ours, 'of bare node:http': ours / theirs, 'memory +MB': grownMB } },
    { name: 'bare node:http', values: { 'MB/s': theirs } }
  ]
}

/** A day of clips of each camera, a fragment a second; of one clip the file too. */
async function fill(ctx: Context) {
  const since = new Date(ctx.clock.now().getTime() - 25 * 3_600_000)
  const names = Array.from({ length: CAMERAS }, (_, n) => `camera ${n}`)
  const cameras = []
  for (const name of names)
    cameras.push(await addCamera(ctx, SYSTEM, { name, tag: 'IN_STORE', streamUrl: 'rtsp://cam/x', enabled: false }))
  const clips = cameras.flatMap(({ id }) =>
    Array.from({ length: CLIPS }, (_, n) => ({
      id: newId(),
      cameraId: id,
      file: `${id}/${n}.mp4`,
      startedAt: new Date(since.getTime() + n * CLIP_SECONDS * 1000)
    }))
  )
  const bytes = HEAD_BYTES + CLIP_SECONDS * FRAGMENT_BYTES
  await sql`INSERT INTO video (id, camera_id, tag, file, started_at, ended_at, bytes, codecs, width, height, timescale, head_bytes, fragment_bytes, fragment_ticks)
    SELECT id, camera_id, 'IN_STORE', file, started_at, started_at + ${CLIP_SECONDS} * interval '1 second', ${bytes}, 'avc1.640028', 1920, 1080, 90000, ${HEAD_BYTES},
      array_fill(${FRAGMENT_BYTES}::integer, ARRAY[${CLIP_SECONDS}::integer]), array_fill(90000, ARRAY[${CLIP_SECONDS}::integer])
    FROM unnest(${clips.map((c) => c.id)}::uuid[], ${clips.map((c) => c.cameraId)}::uuid[], ${clips.map((c) => c.file)}::text[], ${clips.map((c) => c.startedAt)}::timestamptz[])
      AS clip (id, camera_id, file, started_at)`.execute(ctx.db)
  const [clip] = clips
  const path = join(ctx.config.dataDir, 'clips', clip!.file)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, Buffer.alloc(bytes, 7))
  return { cameraId: cameras[0]!.id, videoId: clip!.id, path, since }
}

async function listenBare(path: string) {
  const server = createServer((_req, res) => void createReadStream(path).pipe(res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => void server.close() }
}
