/** Videos beyond CLIP_QUOTA_GB, CLIP_FREE_SPACE_GB or CLIP_RETENTION_DAYS go, oldest first, unless a ticket needs them. */
import { removeVideosNobodyNeeds } from '#server/domain/ticket/actions.ts'
import type { Job } from './timetable.ts'

export const removeOldVideosJob: Job = { name: 'remove-old-videos', everyMs: 30_000, run: removeVideosNobodyNeeds }
