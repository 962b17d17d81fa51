/** A command beside the server: opens the store's tools without its doors, does one thing, closes them. The server may run meanwhile. */
import { readConfig } from '#server/config.ts'
import { type Context, openContext } from '#server/context.ts'
import { openLogger } from '#server/platform/logger.ts'

/** Runs `work` over the store's database. PostgreSQL is started if it does not run, and left running if the server uses it. */
export async function withStore<T>(work: (ctx: Context) => Promise<T>): Promise<T> {
  const config = readConfig()
  const { ctx, close } = await openContext(config, { log: openLogger('warn', 2), name: 'niflr-manage' })
  try {
    return await work(ctx)
  } finally {
    await close()
  }
}
