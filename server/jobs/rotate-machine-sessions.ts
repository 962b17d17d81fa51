/** Cuts machine sessions that have lasted MACHINE_SESSION_SECONDS. */
import { rotateMachineSessions } from '#server/domain/iot/actions.ts'
import type { Job } from './timetable.ts'

export const rotateMachineSessionsJob: Job = { name: 'rotate-machine-sessions', everyMs: 1000, run: rotateMachineSessions }
