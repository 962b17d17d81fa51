/**
 * Which clips go when time or space runs out: the oldest first, pinned ones never, no more than it takes. Those that wait to be uploaded
 * outlive their time, and go for space alone, after all others. Pure.
 */

export type KeptClip = { id: string; endMs: number; bytes: number; isPinned: boolean; isAwaited: boolean }
export type RemovalReason = 'age' | 'quota' | 'space'
export type Disk = { usedBytes: number; freeBytes: number }
export type Bounds = { quotaBytes: number; leastFreeBytes: number; oldestMs: number }
export type Plan = {
  removals: { id: string; reason: RemovalReason }[]
  /** As it will be then. */
  disk: Disk
}

/** What goes of these clips, given oldest first; `awaited`: of those that wait to be uploaded, or of the others. */
export function planRemovals(clips: KeptClip[], { usedBytes, freeBytes }: Disk, bounds: Bounds, { awaited = false } = {}): Plan {
  const plan: Plan = { removals: [], disk: { usedBytes, freeBytes } }
  for (const { id, endMs, bytes, isPinned, isAwaited } of clips) {
    const reason = endMs < bounds.oldestMs && !awaited ? 'age' : exceeded(plan.disk, bounds)
    if (isPinned || isAwaited !== awaited || reason === null) continue
    plan.removals.push({ id, reason })
    plan.disk.usedBytes -= bytes
    plan.disk.freeBytes += bytes
  }
  return plan
}

/** The bound that does not hold; null when all do. */
export const exceeded = ({ usedBytes, freeBytes }: Disk, bounds: Bounds): 'quota' | 'space' | null =>
  usedBytes > bounds.quotaBytes ? 'quota' : freeBytes < bounds.leastFreeBytes ? 'space' : null
