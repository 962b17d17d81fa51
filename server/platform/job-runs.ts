/** Where the timetable keeps what ran when, so that it is seen from outside and outlives a restart. */
import type { Pool } from './database.ts'

export type JobRun = {
  name: string
  lastStartedAt: string | null
  lastFinishedAt: string | null
  lastDurationMs: number | null
  lastError: string | null
  runs: number
  failures: number
  nextRunAt: string | null
}
/** Runs of one job since they were last written down. `error` is the last run's, null when it went well. */
export type JobRunNews = {
  name: string
  startedAt: Date | null
  finishedAt: Date | null
  durationMs: number | null
  error: string | null
  runs: number
  failures: number
  nextRunAt: Date | null
}

/** Every job that ever had a place in the timetable, by name. */
export async function listJobRuns(pool: Pool): Promise<JobRun[]> {
  const { rows } = await pool.query('SELECT * FROM job_run ORDER BY name')
  const iso = (time: Date | null) => time?.toISOString() ?? null
  return rows.map((row) => ({
    name: row.name,
    lastStartedAt: iso(row.last_started_at),
    lastFinishedAt: iso(row.last_finished_at),
    lastDurationMs: row.last_duration_ms,
    lastError: row.last_error,
    runs: row.runs,
    failures: row.failures,
    nextRunAt: iso(row.next_run_at)
  }))
}

/** Adds to what is known of a job. Times that are null leave the known ones. */
export async function noteJobRuns(
  pool: Pool,
  { name, startedAt, finishedAt, durationMs, error, runs, failures, nextRunAt }: JobRunNews
): Promise<void> {
  await pool.query(
    `INSERT INTO job_run AS known (name, last_started_at, last_finished_at, last_duration_ms, last_error, runs, failures, next_run_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (name) DO UPDATE SET last_started_at = coalesce(excluded.last_started_at, known.last_started_at),
       last_finished_at = coalesce(excluded.last_finished_at, known.last_finished_at),
       last_duration_ms = coalesce(excluded.last_duration_ms, known.last_duration_ms),
       last_error = CASE WHEN excluded.runs > 0 THEN excluded.last_error ELSE known.last_error END,
       runs = known.runs + excluded.runs, failures = known.failures + excluded.failures, next_run_at = excluded.next_run_at`,
    [name, startedAt, finishedAt, durationMs, error, runs, failures, nextRunAt]
  )
}

/** Takes jobs that are no longer in the timetable out of the list. */
export async function forgetOtherJobs(pool: Pool, names: string[]): Promise<void> {
  await pool.query('DELETE FROM job_run WHERE name <> ALL($1)', [names])
}
