/** Weight changes that no further reading confirmed for 10 s stand. */
import { settleOverdueChanges } from '#server/domain/iot/actions.ts'
import type { Job } from './timetable.ts'

export const settleWeightChangesJob: Job = { name: 'settle-weight-changes', everyMs: 1000, run: settleOverdueChanges }
