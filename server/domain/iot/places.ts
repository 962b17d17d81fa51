/** The floor plan's part of the shelves: where one stands to reach each scale, in metres. */
import { sql } from 'kysely'
import type { MachinePlace } from '#contracts/api/trackers.ts'
import { type Actor, type Context, type Db, transact } from '#server/context.ts'
import { audit } from '#server/domain/staff/actions.ts'
import { Invalid } from '#server/platform/errors.ts'
import { lockMachine, machineById } from './queries.ts'

/** A machine's spots, empty when it is not on the plan. Throws NotFound. */
export async function readMachinePlace({ db }: Context, machineId: string): Promise<MachinePlace> {
  await machineById(db, machineId)
  return { spots: await spotsOf(db, machineId) }
}

/** Replaces a machine's spots. Throws NotFound, Invalid for a scale named twice. */
export function putMachinePlace(
  ctx: Context,
  actor: Actor,
  { machineId, spots }: MachinePlace & { machineId: string }
): Promise<MachinePlace> {
  const twice = spots.findIndex(({ scaleId }, n) => spots.findIndex((other) => other.scaleId === scaleId) < n)
  if (twice >= 0) throw new Invalid(`spots/${twice}/scaleId`, 'stands in the list twice')
  return transact(
    ctx,
    async (tx) => {
      await lockMachine(tx.db, machineId)
      const before = await spotsOf(tx.db, machineId)
      await tx.db.deleteFrom('scaleSpot').where('machineId', '=', machineId).execute()
      await sql`INSERT INTO scale_spot (machine_id, scale_id, x, y)
        SELECT ${machineId}, * FROM unnest(${spots.map((spot) => spot.scaleId)}::text[], ${spots.map((spot) => spot.x)}::float8[], ${spots.map((spot) => spot.y)}::float8[])`.execute(
        tx.db
      )
      await audit(tx, actor, {
        action: 'placed',
        resource: 'machine',
        resourceId: machineId,
        before: { spots: before },
        after: { spots }
      })
      return { spots: await spotsOf(tx.db, machineId) }
    },
    actor
  )
}

const spotsOf = (db: Db, machineId: string) =>
  db.selectFrom('scaleSpot').select(['scaleId', 'x', 'y']).where('machineId', '=', machineId).orderBy('scaleId').execute()

/** Every spot of the floor plan. */
export const allSpots = (db: Db) => db.selectFrom('scaleSpot').select(['machineId', 'scaleId', 'x', 'y']).execute()
