/** Claims without activity end, and their tickets go back to the queue. */
import { expireLeases } from '#server/domain/ticket/actions.ts'
import type { Job } from './timetable.ts'

export const expireLeasesJob: Job = { name: 'expire-leases', everyMs: 2000, run: expireLeases }
