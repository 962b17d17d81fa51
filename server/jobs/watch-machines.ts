/** The heartbeat watchdog: says which machines fell silent and which are back. */
import { watchMachines } from '#server/domain/iot/actions.ts'
import type { Job } from './timetable.ts'

export const watchMachinesJob: Job = { name: 'watch-machines', everyMs: 1000, run: watchMachines }
