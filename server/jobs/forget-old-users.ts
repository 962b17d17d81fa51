/** Users who have not come for PERSONAL_DATA_DAYS are forgotten. */
import { forgetOldUsers } from '#server/domain/user/actions.ts'
import type { Job } from './timetable.ts'

export const forgetOldUsersJob: Job = { name: 'forget-old-users', everyMs: 86_400_000, run: forgetOldUsers }
