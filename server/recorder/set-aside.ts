/** Files in which nothing can be played: kept beside the clips for who wants to look, the newest of them. */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Context } from '#server/context.ts'
import { clipFolder, wholePartOf } from '#server/domain/camera/actions.ts'

const MOST_FILES = 100
const MOST_BYTES = 256 * 1024 * 1024

/** Moves a file without a whole fragment away; one that holds no byte of any picture is removed. Quotas do not count what lies there, so it is bounded. */
export async function setAside(ctx: Context, path: string): Promise<void> {
  const info = await stat(path).catch(() => null)
  if (!info) return
  const { headBytes } = await wholePartOf(path)
  if (info.size <= headBytes) return void (await rm(path, { force: true }))
  const folder = join(clipFolder(ctx), 'set-aside')
  await mkdir(folder, { recursive: true })
  await rename(path, join(folder, basename(path)))
  ctx.log.warn({ file: basename(path) }, 'a clip without a whole fragment was set aside')
  await removeOldest(folder)
}

/** Names begin with the time at which a file was begun. */
async function removeOldest(folder: string): Promise<void> {
  let bytes = 0
  for (const [n, name] of (await readdir(folder)).toSorted().toReversed().entries()) {
    bytes += (await stat(join(folder, name)).catch(() => null))?.size ?? 0
    if (n >= MOST_FILES || bytes > MOST_BYTES) await rm(join(folder, name), { force: true })
  }
}
