/** The index against the folder, both ways: what was left open, files that no row knows, rows whose file is gone. */
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { type Context, transact } from '#server/context.ts'
import { endAlarm, startAlarm } from '#server/domain/staff/actions.ts'
import { clipFolder } from './clip-files.ts'

/** Clips of a camera whose end is not known. */
export const openClips = (ctx: Context, cameraId: string) =>
  ctx.db
    .selectFrom('video')
    .select(['id as videoId', 'file', 'startedAt'])
    .where('cameraId', '=', cameraId)
    .where('endedAt', 'is', null)
    .orderBy('startedAt')
    .execute()

/** When the last clip of a camera ended; null when there is none. */
export async function lastClipEnd(ctx: Context, cameraId: string): Promise<Date | null> {
  const query = ctx.db.selectFrom('video').select('endedAt').where('cameraId', '=', cameraId).where('endedAt', 'is not', null)
  return (await query.orderBy('startedAt', 'desc').limit(1).executeTakeFirst())?.endedAt ?? null
}

/** Which of these files no row knows. */
export async function unknownFiles(ctx: Context, files: string[]): Promise<string[]> {
  const { rows } = await sql<{ file: string }>`SELECT file FROM unnest(${files}::text[]) AS file
    WHERE NOT EXISTS (SELECT FROM video WHERE video.file = file.file) ORDER BY file`.execute(ctx.db)
  return rows.map((row) => row.file)
}

const ALARM = { kind: 'clips-missing', subject: 'clips' }
const PAGE = 1000
/** So many files may be gone without anybody being asked: more, and the disk itself is likely not there. */
const FEW = 10
const LARGEST_SHARE = 0.2

/**
 * Marks the rows whose file is gone, and takes the mark from those whose file is back. Does neither, but starts an alarm, where more than a
 * fifth of all files would be gone: then it is the disk that is missing, unless `isSure` that it is not. Returns how many rows it marked anew.
 */
export async function checkClips(ctx: Context, { isSure = false } = {}): Promise<number> {
  const gone: string[] = []
  const back: string[] = []
  let known = 0
  for (let after = ''; ; ) {
    const rows = await ctx.db
      .selectFrom('video')
      .select(['file', 'missingAt'])
      .where('endedAt', 'is not', null)
      .where('file', '>', after)
      .orderBy('file')
      .limit(PAGE)
      .execute()
    if (rows.length === 0) break
    after = rows.at(-1)!.file
    const isThere = await Promise.all(
      rows.map(({ file }) =>
        access(join(clipFolder(ctx), file)).then(
          () => true,
          () => false
        )
      )
    )
    for (const [n, { file, missingAt }] of rows.entries()) {
      if (missingAt === null) known += 1
      if (!isThere[n] && missingAt === null) gone.push(file)
      if (isThere[n] && missingAt !== null) back.push(file)
    }
  }
  const isDiskGone = !isSure && gone.length > Math.max(FEW, known * LARGEST_SHARE)
  const message = `${gone.length} of ${known} videos are not where they were recorded: is the disk of the clips mounted?`
  await transact(ctx, async (tx) => {
    if (isDiskGone) return startAlarm(tx, { ...ALARM, message })
    await endAlarm(tx, ALARM)
    if (back.length > 0) await tx.db.updateTable('video').set({ missingAt: null }).where('file', 'in', back).execute()
    if (gone.length === 0) return
    const marked = await tx.db
      .updateTable('video')
      .set({ missingAt: tx.now })
      .where('file', 'in', gone)
      .where('missingAt', 'is', null)
      .returning(['id', 'cameraId', 'startedAt', 'endedAt', 'uploadedAt'])
      .execute()
    for (const { id, cameraId, startedAt, endedAt } of marked.filter((video) => video.uploadedAt === null))
      tx.emit('video.missing', { videoId: id, cameraId, startedAt: startedAt.toISOString(), endedAt: endedAt!.toISOString() })
  })
  if (isDiskGone) ctx.log.error({ gone: gone.length, known }, 'too many clips are gone at once: nothing was marked')
  return isDiskGone ? 0 : gone.length
}
