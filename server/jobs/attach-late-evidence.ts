/** Follows the event log: what landed in the window of a ticket after it was made. */
import { EVENTS_PAGE } from '#server/context.ts'
import { attachLateEvidence } from '#server/domain/ticket/actions.ts'
import type { Job } from './timetable.ts'

export const attachLateEvidenceJob: Job = {
  name: 'attach-late-evidence',
  everyMs: 1000,
  onEvents: true,
  page: EVENTS_PAGE,
  run: attachLateEvidence
}
