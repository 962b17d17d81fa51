/** The store's figures for Prometheus, read when somebody asks and kept for a while, so that asking often costs little. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from '#server/context.ts'
import { camerasInUse } from '#server/domain/camera/actions.ts'
import { lostBeforeUpload, uploadQueue } from '#server/domain/ticket/actions.ts'
import { type Row, readHouse, readMachine, readSlowly, readStore } from './figures/reads.ts'

const QUICK_MS = 10_000
const SLOW_MS = 5 * 60_000
const RETRY_MS = 1000
const DAY_MS = 86_400_000

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
  gauge('machines', 'Machines in use, online and offline', store, (known) => known.machines, 'state')
  registerCameras(ctx)
  registerUploads(ctx)
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

/** Of each camera in use: from memory, but for its gaps, so they are read as seldom as the rest. */
function registerCameras(ctx: Context): void {
  const cameras = kept(ctx, QUICK_MS, camerasInUse)
  const figure = (name: string, help: string, value: (camera: CameraInUse) => number | null) =>
    ctx.metrics.gauges({ name: `niflr_camera_${name}`, help, labelNames: ['camera'] }, async () =>
      ((await cameras()) ?? []).flatMap((camera) => {
        const is = value(camera)
        return is === null ? [] : [{ labels: { camera: camera.name }, value: is }]
      })
    )
  figure('recording', '1 while frames of an enabled camera come and are written', ({ state }) => Number(state === 'recording'))
  figure('last_frame_age_seconds', 'How long ago its last frame came; absent before the first', ({ health }) =>
    health.lastFrameAgeMs === null ? null : health.lastFrameAgeMs / 1000
  )
  figure('frames_per_second', 'Frames of the last 10 s', ({ health }) => health.framesPerSecond)
  figure('bits_per_second', 'What was written in the last 10 s', ({ health }) => health.bitsPerSecond)
  figure('restarts', 'How often its recorder was started anew since the server started', ({ health }) => health.restarts)
  figure('gaps_24h', 'Gaps in the last 24 hours', ({ health }) => health.gaps24h)
  figure('gap_seconds_24h', 'How long they were in all', ({ health }) => health.gapSeconds24h)
}
type CameraInUse = Awaited<ReturnType<typeof camerasInUse>>[number]

/** Of the videos that a store elsewhere is to have; nothing where none is set. */
function registerUploads(ctx: Context): void {
  const queue = kept(ctx, SLOW_MS / 10, async () => {
    if (!ctx.config.s3) return null
    const nowMs = ctx.clock.now().getTime()
    const { videos, bytes, oldestAt } = await uploadQueue(ctx)
    const lost = await lostBeforeUpload(ctx.db, new Date(nowMs - DAY_MS))
    return { videos, bytes, ageSeconds: oldestAt ? Math.max(0, nowMs - oldestAt.getTime()) / 1000 : 0, lost }
  })
  const figure = (name: string, help: string, value: (known: NonNullable<Awaited<ReturnType<typeof queue>>>) => number) =>
    ctx.metrics.gauges({ name: `niflr_upload_${name}`, help, labelNames: [] }, async () => {
      const known = await queue()
      return known ? [{ labels: {}, value: value(known) }] : []
    })
  figure('waiting_videos', 'Videos of tickets that wait to be uploaded', ({ videos }) => videos)
  figure('waiting_bytes', 'How much they are', ({ bytes }) => bytes)
  figure('oldest_waiting_seconds', 'How long the oldest of them has waited; 0 when none does', ({ ageSeconds }) => ageSeconds)
  figure('lost_24h', 'Videos of tickets removed in the last 24 hours before there was a copy of them', ({ lost }) => lost)
}

/** One reading for all who ask within `keepMs`; null while it fails, tried again soon. */
function kept<T>(ctx: Context, keepMs: number, read: (ctx: Context) => Promise<T>): () => Promise<T | null> {
  let until = Number.NEGATIVE_INFINITY
  let value: Promise<T | null> = Promise.resolve(null)
  return () => {
    if (performance.now() < until) return value
    until = Number.POSITIVE_INFINITY // who asks meanwhile gets the same answer
    value = read(ctx).then(
      (known) => {
        until = performance.now() + keepMs
        return known
      },
      (err: unknown) => {
        ctx.log.debug({ err }, 'figures cannot be read now')
        until = performance.now() + RETRY_MS
        return null
      }
    )
    return value
  }
}
