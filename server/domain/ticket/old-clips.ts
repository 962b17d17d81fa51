/** Old videos go, but never one that an open ticket or a visit under way needs; when only such are left, somebody must know. */
import { sql } from 'kysely'
import { type Context, transact } from '#server/context.ts'
import { type Claims, type OldClip, type Retention, removeOldClips } from '#server/domain/camera/actions.ts'
import { endAlarm, startAlarm } from '#server/domain/staff/actions.ts'
import { awaitingUpload, lostBeforeUpload } from './uploads.ts'

const ALARM = { kind: 'clips-pinned-full', subject: 'clips' }

/** Removes what the bounds no longer allow; returns how many videos went. */
export async function removeVideosNobodyNeeds(ctx: Context): Promise<number> {
  const retention = await removeOldClips(ctx, claimsOf(ctx))
  await tellWhenFull(ctx, retention)
  await tellWhenLost(ctx, retention)
  return retention.removed.length
}

/** What would go now. Changes nothing. */
export const videosToRemove = (ctx: Context): Promise<Retention> => removeOldClips(ctx, claimsOf(ctx), { dryRun: true })

const told = new WeakMap<Context, string | null>()

async function tellWhenFull(ctx: Context, { exceeded, pinnedBytes }: Retention): Promise<void> {
  if (told.get(ctx) === exceeded) return
  const bound = exceeded === 'quota' ? 'videos take more than CLIP_QUOTA_GB' : 'the disk has less free than CLIP_FREE_SPACE_GB'
  const why =
    pinnedBytes > 0
      ? 'all that are left belong to open tickets or to visits under way: review tickets, or give videos more space'
      : 'there is none left that could go: look what else fills the disk'
  const message = `${bound}, and ${why}`
  await transact(ctx, (tx) => (exceeded ? startAlarm(tx, { ...ALARM, message }) : endAlarm(tx, ALARM)))
  told.set(ctx, exceeded)
}

const BEHIND = { kind: 'upload-behind', subject: 'upload' }
const DAY_MS = 86_400_000
const behind = new WeakMap<Context, boolean>()

/** Videos that waited to be uploaded went for space. It ends when none did for a day, or nothing is uploaded any more. */
async function tellWhenLost(ctx: Context, retention: Retention): Promise<void> {
  if (retention.lostBeforeUpload === 0 && behind.get(ctx) === false) return
  const since = new Date(ctx.clock.now().getTime() - DAY_MS)
  const lost = ctx.config.s3 ? retention.lostBeforeUpload + (await lostBeforeUpload(ctx.db, since)) : 0
  if (behind.get(ctx) === lost > 0) return
  const message =
    'videos of tickets were removed before they were uploaded, to make space: see why uploads wait, raise S3_MBIT_PER_SECOND, or give videos more space'
  await transact(ctx, (tx) => (lost > 0 ? startAlarm(tx, { ...BEHIND, message }) : endAlarm(tx, BEHIND)))
  behind.set(ctx, lost > 0)
}

const LONGEST_VISIT = '7 days' // for a video of a longer one no row is kept

/** A visit under way will have a ticket for each machine: with windows of kind `machine-session` they begin before it. */
function claimsOf(ctx: Context): Claims {
  const aheadMs = ctx.config.ticketWindow === 'machine-session' ? ctx.config.machineSessionSeconds * 1000 : 0
  const clipRows = (clips: OldClip[]) =>
    sql`unnest(${clips.map((c) => c.videoId)}::uuid[], ${clips.map((c) => c.startedAt)}::timestamptz[], ${clips.map((c) => c.endedAt)}::timestamptz[])
      AS clip (id, since, until)`
  return {
    async pinned(clips) {
      const { rows } = await sql<{ id: string }>`SELECT clip.id FROM ${clipRows(clips)}
        WHERE EXISTS (SELECT FROM ticket WHERE status <> 'REVIEW_COMPLETE' AND window_end >= clip.since AND window_start <= clip.until)
          OR EXISTS (SELECT FROM visit WHERE exited_at IS NULL AND entered_at - ${aheadMs} * interval '1 millisecond' <= clip.until)`.execute(
        ctx.db
      )
      return new Set(rows.map((row) => row.id))
    },
    async awaited(clips) {
      return ctx.config.s3 ? awaitingUpload(ctx.db, clips.map((clip) => clip.videoId)) : new Set() // biome-ignore format: one thought
    },
    async told(clips) {
      const { rows } = await sql<{ id: string }>`SELECT clip.id FROM ${clipRows(clips)} WHERE EXISTS (
        SELECT FROM machine CROSS JOIN LATERAL (SELECT FROM ticket WHERE ticket.machine_id = machine.machine_id
          AND window_end >= clip.since AND window_end <= clip.until + ${LONGEST_VISIT}::interval AND window_start <= clip.until LIMIT 1) AS telling)`.execute(
        ctx.db
      )
      return new Set(rows.map((row) => row.id))
    }
  }
}
