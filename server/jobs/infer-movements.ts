/** Follows the event log: who took or put back what. */
import { EVENTS_PAGE } from '#server/context.ts'
import { inferMovements } from '#server/domain/ticket/actions.ts'
import type { Job } from './timetable.ts'

export const inferMovementsJob: Job = {
  name: 'infer-movements',
  everyMs: 1000,
  onEvents: true,
  page: EVENTS_PAGE,
  run: inferMovements
}
