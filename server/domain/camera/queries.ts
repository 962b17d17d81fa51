/** Cameras as rows: each with the machines it sees and the gaps of its last day. */
import { type Selectable, sql } from 'kysely'
import type { Db } from '#server/context.ts'
import type { Camera as CameraTable } from '#server/db/schema.ts'
import { decodeCursor, pageOf } from '#server/platform/paging.ts'

export type CameraRow = Selectable<CameraTable>
export type CameraFacts = CameraRow & { machineIds: string[]; gaps: number; gapSeconds: number }

const FACTS = (since: Date, now: Date) => sql`
  camera.*, ARRAY(SELECT machine_id FROM camera_machine WHERE camera_id = camera.id AND unlinked_at IS NULL ORDER BY 1) AS machine_ids, recent.gaps, recent.gap_seconds
  FROM camera CROSS JOIN LATERAL (
    SELECT count(*) AS gaps, coalesce(sum(extract(epoch FROM coalesce(ended_at, greatest(${now}, started_at)) - greatest(started_at, ${since}))), 0)::float8 AS gap_seconds
    FROM video_gap WHERE camera_id = camera.id AND cause <> 'disabled' AND started_at <= ${now} AND coalesce(ended_at, ${now}) > ${since}) AS recent`
const DAY_MS = 86_400_000

/** One page of cameras, newest first. */
export async function cameraPage(
  db: Db,
  { now, limit = 50, cursor, retired = false }: { now: Date; limit?: number; cursor?: string; retired?: boolean }
) {
  const before = decodeCursor(cursor, ['uuid'])
  const { rows } = await sql<CameraFacts>`SELECT ${FACTS(new Date(now.getTime() - DAY_MS), now)}
    WHERE (${retired} OR camera.retired_at IS NULL) AND (${before?.[0] ?? null}::uuid IS NULL OR camera.id < ${before?.[0] ?? null}::uuid)
    ORDER BY camera.id DESC LIMIT ${limit + 1}`.execute(db)
  return pageOf(rows, limit, (row) => [row.id])
}

/** One camera, retired or not. */
export async function cameraById(db: Db, id: string, now: Date): Promise<CameraFacts | undefined> {
  const { rows } = await sql<CameraFacts>`SELECT ${FACTS(new Date(now.getTime() - DAY_MS), now)} WHERE camera.id = ${id}`.execute(
    db
  )
  return rows[0]
}

/** The cameras in service. */
export const camerasInService = (db: Db): Promise<CameraRow[]> =>
  db.selectFrom('camera').selectAll().where('retiredAt', 'is', null).orderBy('id').execute()

/** Holds a camera that is not retired until the transaction ends. */
export const lockCameraRow = (db: Db, id: string): Promise<CameraRow | undefined> =>
  db.selectFrom('camera').selectAll().where('id', '=', id).where('retiredAt', 'is', null).forUpdate().executeTakeFirst()

/** Which of these are no machines in service. */
export async function strangersAmong(db: Db, machineIds: string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    SELECT id FROM unnest(${machineIds}::text[]) AS id WHERE NOT EXISTS (SELECT FROM machine WHERE machine_id = id AND retired_at IS NULL)`.execute(
    db
  )
  return rows.map((row) => row.id)
}

/** Links a camera with just these machines from now on; what it recorded before stays evidence of those it saw. */
export async function linkMachines(db: Db, { cameraId, machineIds, now }: { cameraId: string; machineIds: string[]; now: Date }) {
  await sql`UPDATE camera_machine SET unlinked_at = ${now}
    WHERE camera_id = ${cameraId} AND unlinked_at IS NULL AND machine_id <> ALL(${machineIds}::text[])`.execute(db)
  await sql`INSERT INTO camera_machine (camera_id, machine_id) SELECT ${cameraId}::uuid, id FROM unnest(${machineIds}::text[]) AS id
    ON CONFLICT (camera_id, machine_id) DO UPDATE SET unlinked_at = NULL`.execute(db)
}
