/** manage clips --dry-run: which videos would go now, and why. */
import { videosToRemove } from '#server/domain/ticket/actions.ts'
import { withStore } from './offline.ts'
import { say } from './run.ts'

const gb = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`

/** Prints one line for each video that would go, then how full it is. */
export async function showRemovals(): Promise<void> {
  const { removed, disk, bounds, pinnedBytes, lostBeforeUpload, exceeded } = await withStore(videosToRemove)
  for (const { videoId, cameraId, startedAt, bytes, reason } of removed)
    say(`${startedAt.toISOString()}  ${gb(bytes)}  ${reason.padEnd(5)}  video ${videoId}  camera ${cameraId}`)
  const space = `${gb(disk.freeBytes)} free (at least ${gb(bounds.leastFreeBytes)})`
  say(`${removed.length} videos would go; then videos take ${gb(disk.usedBytes)} of ${gb(bounds.quotaBytes)}, ${space}`)
  if (lostBeforeUpload > 0) say(`${lostBeforeUpload} of them wait to be uploaded`)
  if (exceeded)
    say(`that is still too much (${exceeded}): ${gb(pinnedBytes)} belong to open tickets or visits under way and stay`)
}
