/**
 * Gives memory back, best while nobody is inside. The pages around what is alive fill up over minutes, and V8 gives them back only to who stops
 * allocating, which a server that is told of every shelf each second never does.
 */
import type { Context } from '#server/context.ts'
import { wasAnybodyInside } from '#server/domain/user/actions.ts'
import { releaseMemory } from '#server/platform/memory.ts'
import type { Job } from './timetable.ts'

/** What has gathered since the process had settled after the last time: less is not worth the pause, or not worth it with somebody inside. */
const WORTH_BYTES = { empty: 4 * 2 ** 20, visited: 12 * 2 ** 20 }

/** Resident bytes a minute after memory was given back, or after the start. */
const settled = new WeakMap<Context, number>()

export const releaseMemoryJob: Job = {
  name: 'release-memory',
  everyMs: 60_000,
  async run(ctx) {
    const resident = process.memoryUsage.rss()
    const least = settled.get(ctx)
    if (least === undefined || resident < least) settled.set(ctx, resident)
    else if (resident - least >= WORTH_BYTES.empty && resident - least >= (await worthNow(ctx))) {
      settled.delete(ctx)
      releaseMemory()
    }
    return 0
  }
}

async function worthNow(ctx: Context): Promise<number> {
  const now = ctx.clock.now()
  return (await wasAnybodyInside(ctx.db, { from: now, to: now })) ? WORTH_BYTES.visited : WORTH_BYTES.empty
}
