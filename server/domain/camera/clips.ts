/** What the recorder tells of its clips: opened, closed, set aside; and of the time of which there is none. Each is one transaction with its event. */
import { sql } from 'kysely'
import type { GapCause } from '#contracts/api/videos.ts'
import { type Context, type Tx, transact } from '#server/context.ts'
import { newId } from '#server/platform/ids.ts'
import type { Mp4 } from '#server/platform/mp4.ts'
import { SMALLEST_GAP_MS, silencesOf } from './rules.ts'

export type OpenedClip = { cameraId: string; tag: string; file: string; startedAt: Date }
export type ClosedClip = { videoId: string; startedAt: Date; endedAt: Date; bytes: number; mp4: Mp4; isRecovered?: boolean } & {
  /** It ended because the clock was set: its pictures' times may hold the step, whose gap is told as such. */
  isClockSet?: boolean
}

/** A clip began: its row, and the end of the gap before it. `file` is below DATA_DIR/clips. Returns the video's id; a file that is known keeps its own. */
export function openClip(ctx: Context, { cameraId, tag, file, startedAt }: OpenedClip): Promise<string> {
  return transact(ctx, async (tx) => {
    const values = { id: newId(), cameraId, tag, file, startedAt }
    const row = await tx.db
      .insertInto('video')
      .values(values)
      .onConflict((c) => c.column('file').doNothing())
      .returning('id')
      .executeTakeFirst()
    if (!row) return (await tx.db.selectFrom('video').select('id').where('file', '=', file).executeTakeFirstOrThrow()).id
    await endGapIn(tx, cameraId, startedAt)
    tx.emit('video.opened', { videoId: row.id, cameraId, startedAt: startedAt.toISOString() })
    return row.id
  })
}

/** It is now known better when an open clip began; the gap before it ends there too. */
export function correctClipStart(ctx: Context, videoId: string, startedAt: Date): Promise<void> {
  return transact(ctx, async (tx) => void (await moveStart(tx, videoId, startedAt)))
}

/** A clip has ended: its row is finished, with its fragments, and with a gap for each silence within it. A clip that is closed already stays as it is. */
export function closeClip(
  ctx: Context,
  { videoId, startedAt, endedAt, bytes, mp4, isRecovered = false, isClockSet = false }: ClosedClip
): Promise<void> {
  return transact(ctx, async (tx) => {
    const { track, headBytes, fragments } = mp4
    const cameraId = await moveStart(tx, videoId, startedAt)
    if (cameraId === null) return
    const until = endedAt > startedAt ? endedAt : startedAt
    await tx.db
      .updateTable('video')
      .set({
        ...{ endedAt: until, bytes, recovered: isRecovered, missingAt: null, headBytes },
        ...{
          codecs: track?.codecs ?? null,
          width: track?.width ?? null,
          height: track?.height ?? null,
          timescale: track?.timescale ?? null
        },
        fragmentBytes: fragments.map((fragment) => fragment.bytes),
        fragmentTicks: fragments.map((fragment) => fragment.ticks)
      })
      .where('id', '=', videoId)
      .execute()
    const silences = isClockSet ? [] : silencesOf(mp4, startedAt) // what looks like one is the step
    for (const silence of silences) await addGap(tx, { cameraId, ...silence, cause: 'offline' })
    const ref = { videoId, cameraId, startedAt: startedAt.toISOString() }
    tx.emit('video.closed', { ...ref, endedAt: until.toISOString(), bytes })
  })
}

/** There is nothing in a clip that could be played, or its file never came to be: its row goes, and the gap that had ended with it goes on. */
export function dropClip(ctx: Context, videoId: string): Promise<void> {
  return transact(ctx, async (tx) => {
    const row = await tx.db.deleteFrom('video').where('id', '=', videoId).returning(['cameraId', 'startedAt']).executeTakeFirst()
    if (!row) return
    const { cameraId, startedAt: at } = row
    tx.emit('video.missing', { videoId, cameraId, startedAt: at.toISOString(), endedAt: at.toISOString() })
    const gap = await lastGap(tx, cameraId)
    if (gap?.endedAt?.getTime() === at.getTime()) await goOn(tx, gap)
  })
}

/**
 * From `startedAt` on there is no video, for this cause. Where a gap of another cause lasts, that one tells of the time until now: this one
 * begins now, or with `ifNone` not at all. One of the same cause that has just ended goes on: a camera that falls silent shows one more
 * picture, which was held back, when its stream is given up.
 */
export function startGap(
  ctx: Context,
  { cameraId, startedAt: since, cause, ifNone = false }: { cameraId: string; startedAt: Date; cause: GapCause; ifNone?: boolean }
): Promise<void> {
  return transact(ctx, async (tx) => {
    const last = await lastGap(tx, cameraId)
    const isOpen = last?.endedAt === null
    if (isOpen && (ifNone || last.cause === cause)) return
    if (last?.endedAt && last.cause === cause && last.endedAt.getTime() > since.getTime() - SMALLEST_GAP_MS) return goOn(tx, last)
    const startedAt = isOpen ? tx.now : since
    await endGapIn(tx, cameraId, startedAt)
    const id = newId()
    await tx.db.insertInto('videoGap').values({ id, cameraId, startedAt, cause }).execute()
    tx.emit('video-gap.started', { videoGapId: id, cameraId, startedAt: startedAt.toISOString(), cause })
  })
}

type GapRow = { id: string; cameraId: string; startedAt: Date; endedAt: Date | null; cause: string }

/** The one that lasts, else the one that began last. */
const lastGap = (tx: Tx, cameraId: string): Promise<GapRow | undefined> =>
  tx.db
    .selectFrom('videoGap')
    .select(['id', 'cameraId', 'startedAt', 'endedAt', 'cause'])
    .where('cameraId', '=', cameraId)
    .orderBy(sql`ended_at IS NULL`, 'desc')
    .orderBy('startedAt', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()

async function goOn(tx: Tx, { id, cameraId, startedAt, cause }: GapRow): Promise<void> {
  await tx.db.updateTable('videoGap').set({ endedAt: null }).where('id', '=', id).execute()
  tx.emit('video-gap.started', { videoGapId: id, cameraId, startedAt: startedAt.toISOString(), cause })
}

/** A gap that is over already. */
export function noteGap(ctx: Context, gap: { cameraId: string; startedAt: Date; endedAt: Date; cause: GapCause }): Promise<void> {
  return transact(ctx, (tx) => addGap(tx, gap))
}

async function addGap(
  tx: Tx,
  { cameraId, startedAt, endedAt, cause }: { cameraId: string; startedAt: Date; endedAt: Date; cause: GapCause }
) {
  const id = newId()
  await tx.db.insertInto('videoGap').values({ id, cameraId, startedAt, endedAt, cause }).execute()
  const ref = { videoGapId: id, cameraId, startedAt: startedAt.toISOString(), cause }
  tx.emit('video-gap.started', ref)
  tx.emit('video-gap.ended', { ...ref, endedAt: endedAt.toISOString() })
}

async function endGapIn(tx: Tx, cameraId: string, at: Date): Promise<void> {
  const rows = await tx.db
    .updateTable('videoGap')
    .set({ endedAt: sql`greatest(started_at, ${at})` })
    .where('cameraId', '=', cameraId)
    .where('endedAt', 'is', null)
    .returning(['id', 'startedAt', 'endedAt', 'cause'])
    .execute()
  for (const { id, startedAt, endedAt, cause } of rows) {
    const ref = { videoGapId: id, cameraId, startedAt: startedAt.toISOString(), cause }
    tx.emit('video-gap.ended', { ...ref, endedAt: endedAt!.toISOString() })
  }
}

/** The start of an open clip, and the end of a gap that ended with it. Returns its camera; null when the clip is closed already. */
async function moveStart(tx: Tx, videoId: string, startedAt: Date): Promise<string | null> {
  const before = await tx.db
    .selectFrom('video')
    .select(['cameraId', 'startedAt'])
    .where('id', '=', videoId)
    .where('endedAt', 'is', null)
    .forUpdate()
    .executeTakeFirst()
  if (!before) return null
  const { cameraId } = before
  if (before.startedAt.getTime() === startedAt.getTime()) return cameraId
  await tx.db.updateTable('video').set({ startedAt }).where('id', '=', videoId).execute()
  await tx.db
    .updateTable('videoGap')
    .set({ endedAt: sql`greatest(started_at, ${startedAt})` })
    .where('cameraId', '=', cameraId)
    .where('endedAt', '=', before.startedAt)
    .execute()
  return cameraId
}
