/** Cameras as people onboard, change and retire them. The whole stream URL is kept encrypted; what people see of it has no password. */
import { join } from 'node:path'
import { sql } from 'kysely'
import type { Camera, CameraChange, CameraInput, CameraQuery, CameraTag, CameraTransport } from '#contracts/api/cameras.ts'
import { type Actor, type Context, type Tx, transact } from '#server/context.ts'
import { audit, endAlarm } from '#server/domain/staff/actions.ts'
import { Invalid, NotFound, Refused } from '#server/platform/errors.ts'
import { newId } from '#server/platform/ids.ts'
import { openSecretBox, type SecretBox } from '#server/platform/secret-box.ts'
import {
  type CameraFacts,
  cameraById,
  cameraPage,
  camerasInService,
  linkMachines,
  lockCameraRow,
  strangersAmong
} from './queries.ts'
import { OFFLINE_AFTER_MS } from './rules.ts'
import { forgetCameraState, liveStateOf, tellCamerasChanged } from './states.ts'
import { checkStreamUrl, maskStreamUrl } from './stream-url.ts'

const boxes = new WeakMap<Context, SecretBox>()

/** The key with which stream URLs are encrypted. */
export const camerasKeyFile = ({ dataDir }: { dataDir: string }): string => join(dataDir, 'keys', 'cameras.key')

function boxOf(ctx: Context): SecretBox {
  const box = boxes.get(ctx) ?? openSecretBox(camerasKeyFile(ctx.config))
  boxes.set(ctx, box)
  return box
}

/** Onboards a camera; it is recorded from now on unless `enabled` is false. Throws Invalid `streamUrl` or `machineIds`. */
export async function addCamera(ctx: Context, actor: Actor, input: CameraInput): Promise<Camera> {
  const { name, tag, streamUrl, transport = 'tcp', machineIds = [], enabled = true } = input
  checkStreamUrl(streamUrl)
  const id = newId()
  const shownUrl = maskStreamUrl(streamUrl)
  const sealedUrl = boxOf(ctx).seal(streamUrl, id)
  const work = async (tx: Tx) => {
    await assertMachines(tx, machineIds)
    const values = { id, name, tag, shownUrl, sealedUrl, transport, enabled, createdAt: tx.now }
    await tx.db.insertInto('camera').values(values).execute()
    await linkMachines(tx.db, { cameraId: id, machineIds, now: tx.now })
    tx.emit('camera.onboarded', { cameraId: id })
    const after = { name, tag, streamUrl: shownUrl, transport, machineIds, enabled }
    await audit(tx, actor, { action: 'camera.onboarded', resource: 'camera', resourceId: id, after })
  }
  await transact(ctx, work, actor)
  tellCamerasChanged(ctx)
  return readCamera(ctx, id)
}

/** Changes what is given. Throws NotFound, Invalid, Refused `stale-version`. */
export async function changeCamera(
  ctx: Context,
  actor: Actor,
  { id, change }: { id: string; change: CameraChange }
): Promise<Camera> {
  const { version, machineIds, streamUrl, ...facts } = change
  const work = async (tx: Tx) => {
    const row = await lockCamera(tx, id)
    if (version !== undefined && version !== row.version)
      throw new Refused('stale-version', 'somebody changed this camera since', { version: row.version })
    const before = (await cameraById(tx.db, id, tx.now))!
    const isNewUrl = streamUrl !== undefined && streamUrl !== row.shownUrl
    if (isNewUrl) checkStreamUrl(streamUrl)
    if (machineIds)
      await assertMachines(
        tx,
        machineIds.filter((machineId) => !before.machineIds.includes(machineId))
      )
    const url = isNewUrl && { shownUrl: maskStreamUrl(streamUrl), sealedUrl: boxOf(ctx).seal(streamUrl, id) }
    await tx.db
      .updateTable('camera')
      .set({ ...facts, ...url, version: sql`version + 1` })
      .where('id', '=', id)
      .execute()
    if (machineIds) await linkMachines(tx.db, { cameraId: id, machineIds, now: tx.now })
    tx.emit('camera.changed', { cameraId: id })
    const after = (await cameraById(tx.db, id, tx.now))!
    await audit(tx, actor, {
      ...{ action: 'camera.changed', resource: 'camera', resourceId: id },
      ...{ before: audited(before), after: { ...audited(after), ...(isNewUrl && { hasNewStreamUrl: true }) } }
    })
  }
  await transact(ctx, work, actor)
  tellCamerasChanged(ctx)
  return readCamera(ctx, id)
}

/** Ends a camera's recording for good; its videos stay as long as any. Throws NotFound. */
export async function retireCamera(ctx: Context, actor: Actor, id: string): Promise<void> {
  const work = async (tx: Tx) => {
    await lockCamera(tx, id)
    const before = (await cameraById(tx.db, id, tx.now))!
    await tx.db
      .updateTable('camera')
      .set({ retiredAt: tx.now, online: false, version: sql`version + 1` })
      .where('id', '=', id)
      .execute()
    await tx.db
      .updateTable('videoGap')
      .set({ endedAt: sql`greatest(started_at, ${tx.now})` })
      .where('cameraId', '=', id)
      .where('endedAt', 'is', null)
      .execute()
    await endAlarm(tx, { kind: 'camera-offline', subject: id })
    tx.emit('camera.retired', { cameraId: id })
    await audit(tx, actor, { action: 'camera.retired', resource: 'camera', resourceId: id, before: audited(before) })
  }
  await transact(ctx, work, actor)
  forgetCameraState(ctx, id)
  tellCamerasChanged(ctx)
}

/** Cameras, newest first; retired ones only on request. */
export async function listCameras(ctx: Context, query: CameraQuery): Promise<{ items: Camera[]; nextCursor: string | null }> {
  const page = await cameraPage(ctx.db, { ...query, now: ctx.clock.now() })
  return { ...page, items: page.items.map((row) => cameraOf(ctx, row)) }
}

/** All cameras that are wanted, as the API shows them: for the figures. */
export async function camerasInUse(ctx: Context): Promise<Camera[]> {
  const page = await cameraPage(ctx.db, { now: ctx.clock.now(), limit: 10_000 })
  return page.items.filter(({ enabled }) => enabled).map((row) => cameraOf(ctx, row))
}

/** One camera, retired or not. Throws NotFound. */
export async function readCamera(ctx: Context, id: string): Promise<Camera> {
  const row = await cameraById(ctx.db, id, ctx.clock.now())
  if (!row) throw new NotFound('camera', id)
  return cameraOf(ctx, row)
}

/** What the recorder needs of a camera; `streamUrl` is null when the key it was sealed with is gone. Never shown, never logged. */
export type CameraToRecord = {
  cameraId: string
  tag: CameraTag
  streamUrl: string | null
  transport: CameraTransport
  isEnabled: boolean
  createdAt: Date
}

/** The cameras in service, with their passwords. */
export async function camerasToRecord(ctx: Context): Promise<CameraToRecord[]> {
  const rows = await camerasInService(ctx.db)
  return rows.map((row) => ({
    cameraId: row.id,
    tag: row.tag as CameraTag,
    streamUrl: boxOf(ctx).open(row.sealedUrl, row.id),
    transport: row.transport as CameraTransport,
    isEnabled: row.enabled,
    createdAt: row.createdAt
  }))
}

async function assertMachines(tx: Tx, machineIds: string[]): Promise<void> {
  const [stranger] = await strangersAmong(tx.db, machineIds)
  if (stranger !== undefined) throw new Invalid('machineIds', `there is no machine ${stranger}: onboard it first`)
}

async function lockCamera(tx: Tx, id: string) {
  const row = await lockCameraRow(tx.db, id)
  if (!row) throw new NotFound('camera', id)
  return row
}

const audited = ({ name, tag, shownUrl, transport, machineIds, enabled }: CameraFacts) => ({
  ...{ name, tag, streamUrl: shownUrl, transport, machineIds, enabled }
})

function cameraOf(ctx: Context, row: CameraFacts): Camera {
  const live = liveStateOf(ctx, row.id)
  const ageMs = live.lastFrameMonoMs === null ? null : Math.max(0, Math.round(ctx.clock.monotonicMs() - live.lastFrameMonoMs))
  const isOff = !row.enabled || row.retiredAt !== null
  const lastFrameAt = ageMs === null ? row.lastFrameAt : new Date(ctx.clock.now().getTime() - ageMs)
  return {
    ...{ id: row.id, name: row.name, tag: row.tag as CameraTag, streamUrl: row.shownUrl },
    ...{ transport: row.transport as CameraTransport, machineIds: row.machineIds, enabled: row.enabled },
    state: isOff ? 'disabled' : live.state,
    stateReason: isOff ? null : live.reason,
    online: !isOff && ageMs !== null && ageMs < OFFLINE_AFTER_MS,
    lastFrameAt: lastFrameAt?.toISOString() ?? null,
    health: {
      lastFrameAgeMs: ageMs,
      ...{ bitsPerSecond: live.bitsPerSecond, framesPerSecond: live.framesPerSecond },
      ...{ codecs: live.codecs, width: live.width, height: live.height, restarts: live.restarts },
      ...{ gaps24h: Number(row.gaps), gapSeconds24h: Math.round(row.gapSeconds * 10) / 10 }
    },
    createdAt: row.createdAt.toISOString(),
    retiredAt: row.retiredAt?.toISOString() ?? null,
    version: row.version
  }
}
