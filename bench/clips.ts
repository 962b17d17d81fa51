/** Which videos does a window show? A year of four cameras in the index (417 000 clips), asked as tickets and playlists ask, and naively. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { readConfig } from '#server/config.ts'
import { type Context, openContext, SYSTEM } from '#server/context.ts'
import { addCamera, clipFilesDuring, videosDuring } from '#server/domain/camera/actions.ts'
import { addMachine } from '#server/domain/iot/actions.ts'
import { openLogger } from '#server/platform/logger.ts'
import { connect, openServer } from '#server/processes/backup/database.ts'
import { percentile, timed } from './percentiles.ts'
import type { Bench, BenchTools, Row } from './table.ts'

const NAME = 'niflr-bench'
const CAMERAS = 4
const CLIPS = 417_000
const CLIP_SECONDS = 300
const VISIT_MS = 90_000
const RUNS = 400

export const clips: Bench = { name: 'clips', does: `the clips of a visit, out of ${CLIPS}`, run: measure }

async function measure({ rows = null }: BenchTools): Promise<Row[]> {
  await using stack = new AsyncDisposableStack()
  const dataDir = mkdtempSync(join(tmpdir(), 'niflr-bench-'))
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }))
  const ownerUrl = await openServer(readConfig({ DATA_DIR: dataDir }), stack, NAME)
  const config = readConfig({ DATA_DIR: dataDir, DATABASE_URL: ownerUrl })
  const { ctx, close } = await openContext(config, { log: openLogger('fatal'), name: NAME })
  stack.defer(close)
  const each = Math.ceil((rows ?? CLIPS) / CAMERAS)
  const { cameraIds, since } = await fill(ctx, each)
  const windows = Array.from({ length: RUNS }, () => {
    const from = new Date(since.getTime() + Math.random() * (each * CLIP_SECONDS * 1000 - VISIT_MS))
    return { from, to: new Date(from.getTime() + VISIT_MS) }
  })
  const cameraId = cameraIds[0]!
  const naively = ({ from, to }: { from: Date; to: Date }) =>
    sql`SELECT id FROM video WHERE camera_id = ${cameraId} AND started_at <= ${to} AND ended_at >= ${from}`.execute(ctx.db)
  return [
    await asked('clips of a camera, with their fragments', windows, (window) => clipFilesDuring(ctx, { cameraId, ...window })),
    await asked('videos of a ticket: two cameras of the machine, two doors', windows, (window) =>
      videosDuring(ctx.db, [{ machineId: 'm1', ...window }])
    ),
    await asked('ids of a camera’s clips, by the bounded overlap', windows, ({ from, to }) =>
      sql`SELECT id FROM video WHERE camera_id = ${cameraId} AND started_at > ${from}::timestamptz - interval '3700 seconds'
        AND started_at <= ${to} AND (ended_at IS NULL OR ended_at >= ${from})`.execute(ctx.db)
    ),
    await asked('the same, by the naive overlap', windows.slice(0, RUNS / 4), naively)
  ]
}

async function asked<T>(name: string, windows: T[], ask: (window: T) => Promise<unknown>): Promise<Row> {
  for (const window of windows.slice(0, 20)) await ask(window)
  const times: number[] = []
  for (const window of windows) times.push(await timed(() => ask(window)))
  return { name, values: { 'p50 ms': percentile(times, 0.5), 'p99 ms': percentile(times, 0.99) } }
}

/** A camera each at both doors, two at a machine; `each` clips of five minutes, a fragment a second. */
async function fill(ctx: Context, each: number) {
  await addMachine(ctx, SYSTEM, { machineId: 'm1', displayName: 'm1', kind: 'shelf' })
  const cameraIds: string[] = []
  for (const tag of ['IN_STORE', 'IN_STORE', 'ENTRY', 'EXIT'] as const) {
    const facts = { name: `camera ${cameraIds.length}`, tag, streamUrl: 'rtsp://cam/x', enabled: false, machineIds: ['m1'] }
    cameraIds.push((await addCamera(ctx, SYSTEM, facts)).id)
  }
  const since = new Date(ctx.clock.now().getTime() - each * CLIP_SECONDS * 1000)
  await using owner = await connect(ctx.config.databaseUrl!, NAME) // the store's own statements end after seconds
  const fill = `INSERT INTO video (id, camera_id, tag, file, started_at, ended_at, bytes, codecs, width, height, timescale, head_bytes, fragment_bytes, fragment_ticks)
    SELECT gen_random_uuid(), camera.id, camera.tag, camera.id || '/' || n, $1::timestamptz + n * interval '${CLIP_SECONDS} s',
      $1::timestamptz + (n + 1) * interval '${CLIP_SECONDS} s', 75000000, 'avc1.640028', 1920, 1080, 90000, 800,
      array_fill(250000, ARRAY[${CLIP_SECONDS}]), array_fill(90000, ARRAY[${CLIP_SECONDS}])
    FROM camera CROSS JOIN generate_series(0, ${each - 1}) AS n ORDER BY n`
  await owner.query(fill, [since])
  await owner.query('VACUUM ANALYZE video')
  return { cameraIds, since }
}
