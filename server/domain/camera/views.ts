/** Cameras as those know them who watch their videos: a name, a place, the machines they saw; retired ones too. */
import { sql } from 'kysely'
import type { CameraView } from '#contracts/api/cameras.ts'
import type { Context } from '#server/context.ts'

export async function cameraViews({ db }: Context): Promise<CameraView[]> {
  const { rows } = await sql<Omit<CameraView, 'retiredAt'> & { retiredAt: Date | null }>`
    SELECT id, name, tag, retired_at,
      ARRAY(SELECT machine_id FROM camera_machine WHERE camera_id = camera.id ORDER BY machine_id) AS machine_ids
    FROM camera ORDER BY name, id`.execute(db)
  return rows.map(({ retiredAt, ...view }) => ({ ...view, retiredAt: retiredAt?.toISOString() ?? null }))
}
