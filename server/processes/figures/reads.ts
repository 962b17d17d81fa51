/** What the figures are read from: small queries, each on an index, and the folder of the data. */
import { X509Certificate } from 'node:crypto'
import { readFile, statfs } from 'node:fs/promises'
import type { Context } from '#server/context.ts'

export type Row<L extends string = string> = { labels: Record<L, string>; value: number }
const one = (value: unknown): Row[] => (value === null || value === undefined ? [] : [{ labels: {}, value: Number(value) }])

/** What changes by the second. */
export async function readStore({ pool }: Context) {
  const { rows } = await pool.query(`SELECT mode, last_ticket_number AS made,
      (SELECT count(*) FROM visit WHERE exited_at IS NULL) AS visits,
      (SELECT extract(epoch FROM now() - min(entered_at)) FROM visit WHERE exited_at IS NULL) AS longest,
      (SELECT count(*) FROM ticket WHERE status = 'TO_BE_REVIEWED') AS waiting, (SELECT count(*) FROM ticket WHERE status = 'UNDER_REVIEW') AS claimed,
      (SELECT extract(epoch FROM now() - end_time) FROM ticket WHERE status = 'TO_BE_REVIEWED' ORDER BY number LIMIT 1) AS oldest,
      (SELECT count(*) FROM ticket WHERE double_check_agreed) AS agreed, (SELECT count(*) FROM ticket WHERE NOT double_check_agreed) AS disagreed,
      (SELECT count(*) FROM machine WHERE online AND retired_at IS NULL) AS online,
      (SELECT count(*) FROM machine WHERE NOT online AND retired_at IS NULL) AS offline
    FROM store`)
  const { mode, made, visits, longest, waiting, claimed, oldest, agreed, disagreed, online, offline } = rows[0]
  return {
    storeMode: ['CUSTOMER_MODE', 'REFILLMENT_MODE', 'MAINTENANCE_MODE'].map((name) => ({
      labels: { mode: name },
      value: Number(name === mode)
    })),
    ticketsMade: one(made),
    openVisits: one(visits),
    longestVisit: one(longest ?? 0),
    tickets: labelled('status', { TO_BE_REVIEWED: waiting, UNDER_REVIEW: claimed }),
    oldestTicket: one(oldest ?? 0),
    doubleChecks: labelled('result', { agreed, disagreed }),
    machines: labelled('state', { online, offline })
  }
}

/** Alarms that are on, jobs, and how far the followers of the event log are behind. */
export async function readHouse({ pool }: Context) {
  const alarms = await pool.query('SELECT kind, count(*) AS n FROM alarm WHERE ended_at IS NULL GROUP BY kind')
  const jobs = await pool.query(
    `SELECT name, extract(epoch FROM last_finished_at)::float8 AS finished, failures, last_error IS NOT NULL AS failing FROM job_run`
  )
  const followers = await pool.query(`SELECT follower, greatest(0, coalesce((SELECT extract(epoch FROM now() - at) FROM event_log
      WHERE (event_log.transaction_id, event_log.id) > (event_cursor.transaction_id, event_cursor.id) ORDER BY transaction_id, id LIMIT 1), 0))::float8 AS lag FROM event_cursor`)
  const ofJobs = (value: (job: { finished: number | null; failures: number; failing: boolean }) => number | null) =>
    jobs.rows
      .filter((job) => value(job) !== null)
      .map((job) => ({ labels: { job: job.name as string }, value: Number(value(job)) }))
  return {
    alarms: alarms.rows.map(({ kind, n }) => ({ labels: { kind }, value: Number(n) })),
    jobsFinished: ofJobs((job) => job.finished),
    jobsFailures: ofJobs((job) => job.failures),
    jobsFailing: ofJobs((job) => Number(job.failing)),
    followers: followers.rows.map(({ follower, lag }) => ({ labels: { follower }, value: lag }))
  }
}

/** What costs more, or changes slowly. The books are held against the same tolerance as in the iot room's balance.ts. */
export async function readSlowly({ pool }: Context) {
  const { rows } = await pool.query(`SELECT pg_database_size(current_database()) AS bytes,
      (SELECT extract(epoch FROM max(at)) FROM audit_entry WHERE resource = 'store' AND action = 'backed-up') AS backup`)
  const unbalanced = await pool.query(`
    WITH session AS MATERIALIZED (SELECT id FROM machine_session
        WHERE started_at > now() - interval '25 hours' AND ended_at > now() - interval '24 hours'),
      sums AS (SELECT machine_session_id, scale_id, sum(CASE status WHEN 'PICKED' THEN -grams ELSE grams END) AS grams
        FROM session JOIN weight_change ON machine_session_id = session.id WHERE withdrawn_at IS NULL GROUP BY 1, 2)
    SELECT count(DISTINCT machine_session_id) AS n
    FROM session JOIN machine_session_scale ON machine_session_id = session.id LEFT JOIN sums USING (machine_session_id, scale_id)
    WHERE abs(closing_grams - opening_grams - coalesce(sums.grams, 0))
      > round((greatest(5, threshold_grams - 1, 4 * sqrt(2) * noise_grams) + abs(creep_grams))::numeric)`)
  return { databaseBytes: one(rows[0].bytes), lastBackup: one(rows[0].backup), unbalanced: one(unbalanced.rows[0].n) }
}

/** The disk under the data folder, and the certificate's last day. Needs no database. */
export async function readMachine({ config }: Context) {
  const { bavail, blocks, bsize } = await statfs(config.dataDir)
  const certificate = config.tlsCertFile && new X509Certificate(await readFile(config.tlsCertFile))
  return {
    diskFree: one(bavail * bsize),
    diskSize: one(blocks * bsize),
    certificate: one(certificate ? Date.parse(certificate.validTo) / 1000 : null)
  }
}

const labelled = (label: string, values: Record<string, unknown>): Row[] =>
  Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value: Number(value) }))
