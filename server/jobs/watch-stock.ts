/** Follows the event log: what runs low on the shelves, and what was refilled. */
import { watchStock } from '#server/domain/stock/actions.ts'
import type { Job } from './timetable.ts'

export const watchStockJob: Job = { name: 'watch-stock', everyMs: 2000, run: watchStock }
