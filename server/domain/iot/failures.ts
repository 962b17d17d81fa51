/** A commit that failed: the log hears of it, and those who wait for it are told in words of the house. */
import type { Context } from '#server/context.ts'
import { databaseError, isUnfit } from '#server/platform/database.ts'
import { Unfit } from '#server/platform/errors.ts'
import { RateLimit } from '#server/platform/rate-limit.ts'
import type { Batch } from './batch.ts'

const TOLD_PER_SECOND = 1
const MACHINES_NAMED = 10

/** Returns what turns a batch's error into Unfit, Unavailable or NoSpace where it means that, and logs it. */
export function failureTeller({ log }: Context): (batch: Batch, error: unknown) => unknown {
  const told = new RateLimit(TOLD_PER_SECOND)
  return ({ messages, machines }, error) => {
    const reason = databaseError(error)
    const machineIds = [...machines].slice(0, MACHINES_NAMED).map((machine) => machine.machineId)
    if (told.take('', performance.now())) log.error({ err: reason, messages, machineIds }, 'ingest commit failed')
    return isUnfit(reason) ? new Unfit(reason) : reason
  }
}
