/** Notices when the clock of the box was set: an event, and an alarm. */
import { watchClock } from '#server/domain/iot/actions.ts'
import type { Job } from './timetable.ts'

export const watchClockJob: Job = { name: 'watch-clock', everyMs: 1000, run: watchClock }
