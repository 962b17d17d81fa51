/** Commands that a machine did not answer for 10 s met silence. */
import { expireCommands } from '#server/domain/iot/actions.ts'
import type { Job } from './timetable.ts'

export const watchCommandsJob: Job = { name: 'watch-commands', everyMs: 1000, run: expireCommands }
