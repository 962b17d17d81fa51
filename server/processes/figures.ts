/** The store's figures for Prometheus, read when somebody asks and kept for a while, so that asking often costs little. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from '#server/context.ts'
import { registerCameras, registerClips, registerUploads } from './figures/cameras.ts'
import { kept } from './figures/kept.ts'
import { type Row, readHouse, readMachine, readSlowly, readStore } from './figures/reads.ts'
import { registerWebhooks } from './figures/webhooks.ts'

const QUICK_MS = 10_000
const SLOW_MS = 5 * 60_000

/** Registers every figure. One that cannot be read is absent from the answer; `niflr_database_up` says why. */
export function registerFigures(ctx: Context): void {
  const store = kept(ctx, QUICK_MS, readStore)
  const house = kept(ctx, QUICK_MS, readHouse)
  const machine = kept(ctx, QUICK_MS, readMachine)
  const slow = kept(ctx, SLOW_MS, readSlowly)
  const gauge = <T>(
    name: string,
    help: string,
    read: () => Promise<T | null>,
    pick: (known: T) => Row[],
    ...labelNames: string[]
  ) =>
    ctx.metrics.gauges({ name: `niflr_${name}`, help, labelNames }, async () => {
      const known = await read()
      return known === null ? [] : pick(known)
    })
  gauge('store_mode', '1 for the mode the store is in', store, (known) => known.storeMode, 'mode')
  gauge('open_visits', 'Visits that are open: who is inside', store, (known) => known.openVisits)
  gauge(
    'longest_open_visit_seconds',
    'How long the one who is inside longest has been; 0 when nobody is',
    store,
    (known) => known.longestVisit
  )
  gauge('tickets', 'Tickets that are not complete, by status', store, (known) => known.tickets, 'status')
  gauge('tickets_made', 'Tickets made since the store began', store, (known) => known.ticketsMade)
  gauge(
    'oldest_ticket_seconds',
    'Age of the oldest ticket that waits for review; 0 when none does',
    store,
    (known) => known.oldestTicket
  )
  gauge(
    'auto_review_double_checks',
    'Tickets that inference was sure of and people reviewed all the same, by whether they agreed',
    store,
    (known) => known.doubleChecks,
    'result'
  )
  gauge('machines', 'Machines in use, online and offline', store, (known) => known.machines, 'state')
  registerCameras(ctx)
  registerClips(ctx)
  registerUploads(ctx)
  registerWebhooks(ctx)
  gauge('alarms', 'Alarms that are on, by kind', house, (known) => known.alarms, 'kind')
  gauge('job_last_finished_timestamp_seconds', 'When a background job last ended', house, (known) => known.jobsFinished, 'job')
  gauge('job_failures', 'Failed runs of a background job since the store began', house, (known) => known.jobsFailures, 'job')
  gauge('job_failing', '1 when the last run of a background job failed', house, (known) => known.jobsFailing, 'job')
  gauge(
    'event_lag_seconds',
    'Age of the oldest event that a follower of the event log has not read',
    house,
    (known) => known.followers,
    'follower'
  )
  gauge('disk_free_bytes', 'Free space on the disk of DATA_DIR', machine, (known) => known.diskFree)
  gauge('disk_size_bytes', 'Size of the disk of DATA_DIR', machine, (known) => known.diskSize)
  gauge(
    'certificate_expiry_timestamp_seconds',
    'When the TLS certificate ends; absent without TLS',
    machine,
    (known) => known.certificate
  )
  gauge('database_bytes', 'Size of the database', slow, (known) => known.databaseBytes)
  gauge(
    'last_backup_timestamp_seconds',
    'When the last backup was taken; absent when there was none',
    slow,
    (known) => known.lastBackup
  )
  gauge(
    'unbalanced_machine_sessions',
    'Machine sessions of the last 24 hours whose books do not balance',
    slow,
    (known) => known.unbalanced
  )
  const up = { name: 'niflr_database_up', help: '1 when the database answers', labelNames: [] }
  ctx.metrics.gauges(up, async () => [{ labels: {}, value: (await store()) === null ? 0 : 1 }])
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8')) as {
    version: string
  }
  ctx.metrics.gauges({ name: 'niflr_info', help: 'The release that runs', labelNames: ['version'] }, async () => [
    { labels: { version }, value: 1 }
  ])
}
