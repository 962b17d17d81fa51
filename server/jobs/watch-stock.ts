/** Follows the event log: what runs low on the shelves, and what was refilled. */
import { EVENTS_PAGE } from '#server/context.ts'
import { watchStock } from '#server/domain/stock/actions.ts'
import type { Job } from './timetable.ts'

export const watchStockJob: Job = { name: 'watch-stock', everyMs: 2000, page: EVENTS_PAGE, run: watchStock }
