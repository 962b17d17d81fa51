/** OUT, later: every background job and how often it has its turn, one line each. */
import type { Context } from '#server/context.ts'
import { attachLateEvidenceJob } from './attach-late-evidence.ts'
import { cleanUpJob } from './clean-up.ts'
import { expireLeasesJob } from './expire-leases.ts'
import { forgetOldUsersJob } from './forget-old-users.ts'
import { inferMovementsJob } from './infer-movements.ts'
import { queueWebhooksJob } from './queue-webhooks.ts'
import { releaseMemoryJob } from './release-memory.ts'
import { reloadDeviceKeysJob } from './reload-device-keys.ts'
import { removeOldVideosJob } from './remove-old-videos.ts'
import { reviewEmptyTicketsJob } from './review-empty-tickets.ts'
import { rotateMachineSessionsJob } from './rotate-machine-sessions.ts'
import { settleWeightChangesJob } from './settle-weight-changes.ts'
import { type Job, Timetable } from './timetable.ts'
import { watchCamerasJob } from './watch-cameras.ts'
import { watchClockJob } from './watch-clock.ts'
import { watchCommandsJob } from './watch-commands.ts'
import { watchMachinesJob } from './watch-machines.ts'
import { watchStockJob } from './watch-stock.ts'

const JOBS: Job[] = [
  settleWeightChangesJob, // 1 s
  rotateMachineSessionsJob, // 1 s
  watchMachinesJob, // 1 s
  watchCamerasJob, // 1 s
  watchCommandsJob, // 1 s
  watchClockJob, // 1 s
  inferMovementsJob, // 1 s, and whenever events were written
  attachLateEvidenceJob, // 1 s, and whenever events were written
  queueWebhooksJob, // 500 ms
  reviewEmptyTicketsJob, // 1 s
  watchStockJob, // 2 s
  expireLeasesJob, // 2 s
  reloadDeviceKeysJob, // 2 s
  removeOldVideosJob, // 30 s
  releaseMemoryJob, // 1 min
  cleanUpJob, // 1 h
  forgetOldUsersJob // 1 day
]

/** Starts the timetable. `stop` resolves when nothing runs any more; `drain` runs every job until there is nothing left to do. */
export function startJobs(ctx: Context): { stop(): Promise<void>; drain(): Promise<void> } {
  const timetable = new Timetable(ctx, JOBS)
  timetable.start()
  return timetable
}

/** Runs every job until there is nothing left to do: what a test calls instead of waiting. */
export const drainJobs = (ctx: Context): Promise<void> => new Timetable(ctx, JOBS).drain()
