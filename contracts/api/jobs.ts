/** Background jobs: the timetable with last and next run. */
import { type Static, Type } from 'typebox'
import { Nullable, Time } from './shared.ts'

export const Job = Type.Object({
  name: Type.String(),
  lastStartedAt: Nullable(Time),
  lastFinishedAt: Nullable(Time),
  lastDurationMs: Nullable(Type.Integer()),
  lastError: Nullable(Type.String()),
  runs: Type.Integer(),
  failures: Type.Integer(),
  nextRunAt: Nullable(Time)
})
export type Job = Static<typeof Job>
export const JobList = Type.Object({ items: Type.Array(Job), nextCursor: Nullable(Type.String()) })
