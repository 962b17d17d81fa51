/** Tickets without weight changes complete themselves once their machine was heard from. */
import { reviewEmptyTickets } from '#server/domain/ticket/actions.ts'
import type { Job } from './timetable.ts'

export const reviewEmptyTicketsJob: Job = { name: 'review-empty-tickets', everyMs: 1000, run: reviewEmptyTickets }
