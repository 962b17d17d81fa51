/** The camera watchdog: one without a frame for 15 s is offline, its next frame brings it back. */
import { sql } from 'kysely'
import { type Context, type Tx, transact } from '#server/context.ts'
import { endAlarm, startAlarm } from '#server/domain/staff/actions.ts'
import { camerasInService } from './queries.ts'
import { OFFLINE_AFTER_MS } from './rules.ts'
import { liveStateOf } from './states.ts'

const KIND = 'camera-offline'
const FLUSH_EVERY_MS = 5000
const rooms = new WeakMap<Context, { sinceMs: number; flushedMs: number }>()

/** Finds cameras that fell silent and those that are back. Returns how many changed. */
export async function watchCameras(ctx: Context): Promise<number> {
  const nowMs = ctx.clock.monotonicMs()
  const room = rooms.get(ctx) ?? { sinceMs: nowMs, flushedMs: nowMs }
  rooms.set(ctx, room)
  const rows = await camerasInService(ctx.db)
  const seen = rows.map((row) => ({ row, lastMs: liveStateOf(ctx, row.id).lastFrameMonoMs }))
  const isAlive = ({ lastMs }: { lastMs: number | null }) => lastMs !== null && nowMs - lastMs < OFFLINE_AFTER_MS
  const ageOf = ({ row, lastMs }: (typeof seen)[number]) =>
    nowMs - (lastMs ?? Math.max(room.sinceMs, nowMs - (ctx.clock.now().getTime() - row.createdAt.getTime())))
  const { rows: alarms } = await sql<{
    subject: string
  }>`SELECT subject FROM alarm WHERE kind = ${KIND} AND ended_at IS NULL`.execute(ctx.db)
  const alarmed = new Set(alarms.map((alarm) => alarm.subject))
  const back = seen.filter((camera) => camera.row.enabled && isAlive(camera) && !camera.row.online)
  const isLost = (camera: (typeof seen)[number]) => camera.row.enabled && !isAlive(camera) && ageOf(camera) >= OFFLINE_AFTER_MS
  const lost = seen.filter((camera) => isLost(camera) && (camera.row.online || !alarmed.has(camera.row.id)))
  const off = seen.filter(({ row }) => !row.enabled && row.online)
  const calm = seen.filter((camera) => alarmed.has(camera.row.id) && (isAlive(camera) || !camera.row.enabled))
  if (back.length + lost.length + off.length + calm.length > 0)
    await transact(ctx, async (tx) => {
      for (const { row } of back) tx.emit('camera.online', { cameraId: row.id })
      for (const { row } of lost) {
        tx.emit('camera.offline', { cameraId: row.id, lastFrameAt: row.lastFrameAt?.toISOString() ?? null })
        await startAlarm(tx, {
          kind: KIND,
          subject: row.id,
          message: `camera ${row.name} sends no picture: check its power, network and stream URL`
        })
      }
      for (const { row } of calm) await endAlarm(tx, { kind: KIND, subject: row.id })
      await setOnline(tx, back, true)
      await setOnline(tx, [...lost, ...off], false)
    })
  if (nowMs - room.flushedMs >= FLUSH_EVERY_MS) await flush(ctx, nowMs, seen)
  return back.length + lost.length + off.length + calm.length
}

async function setOnline(tx: Tx, cameras: { row: { id: string } }[], online: boolean): Promise<void> {
  const ids = cameras.map(({ row }) => row.id)
  if (ids.length > 0) await tx.db.updateTable('camera').set({ online }).where('id', 'in', ids).execute()
}

async function flush(ctx: Context, nowMs: number, seen: { row: { id: string }; lastMs: number | null }[]): Promise<void> {
  rooms.get(ctx)!.flushedMs = nowMs
  const known = seen.filter(({ lastMs }) => lastMs !== null)
  if (known.length === 0) return
  const at = known.map(({ lastMs }) => new Date(ctx.clock.now().getTime() - (nowMs - lastMs!)))
  await sql`UPDATE camera SET last_frame_at = news.at FROM unnest(${known.map(({ row }) => row.id)}::uuid[], ${at}::timestamptz[]) AS news (id, at)
    WHERE camera.id = news.id AND camera.last_frame_at IS DISTINCT FROM news.at`.execute(ctx.db)
}
