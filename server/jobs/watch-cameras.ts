/** The camera watchdog: says which cameras fell silent and which are back. */
import { watchCameras } from '#server/domain/camera/actions.ts'
import type { Job } from './timetable.ts'

export const watchCamerasJob: Job = { name: 'watch-cameras', everyMs: 1000, run: watchCameras }
