/** What the stock room remembers: facings with the weights of their scales, and what they held when they were last looked at. */
import { sql } from 'kysely'
import type { Db, Tx } from '#server/context.ts'
import type { ScaleFacts } from './rules.ts'

export type FacingRow = {
  id: string
  machineId: string
  position: number
  scaleIds: string[]
  productId: string
  sku: string
  name: string
  weightGrams: number
  weightToleranceGrams: number
  capacity: number | null
  lowAt: number | null
  emptyGrams: number
  isOnline: boolean
  lastHeartbeatAt: Date | null
  onHand: number | null
  most: number | null
  wasLow: boolean | null
  refilledAt: Date | null
}
export type Facing = FacingRow & { scales: ScaleFacts[]; isShared: boolean }

/** The facings of machines in service in their order, of all machines or some: two statements, however many there are. */
export async function facingsOf(db: Db, machineIds: string[] | null): Promise<Facing[]> {
  const some = (column: string) => (machineIds ? sql`${sql.ref(column)} = ANY(${machineIds}::text[])` : sql`true`)
  const { rows } = await sql<FacingRow>`
    SELECT facing.id, facing.machine_id, facing.position, facing.scale_ids, facing.product_id, product.sku, product.name,
      product.weight_grams, product.weight_tolerance_grams, facing.capacity, facing.low_at, facing.empty_grams,
      machine.online AS is_online, machine.last_heartbeat_at, kept.on_hand, kept.most, kept.is_low AS was_low, kept.refilled_at
    FROM facing JOIN product ON product.id = facing.product_id JOIN machine ON machine.machine_id = facing.machine_id
    LEFT JOIN facing_stock AS kept ON kept.facing_id = facing.id
    WHERE machine.retired_at IS NULL AND ${some('facing.machineId')} ORDER BY facing.machine_id COLLATE "C", facing.position`.execute(
    db
  )
  const { rows: scales } = await sql<ScaleFacts & { machineId: string; scaleId: string }>`
    SELECT machine_id, scale_id, baseline_grams, noise_grams, disabled_at IS NOT NULL AS is_disabled FROM scale WHERE ${some('scale.machineId')}`.execute(
    db
  )
  const byId = new Map(scales.map((scale) => [`${scale.machineId}/${scale.scaleId}`, scale]))
  const users = Map.groupBy(
    rows.flatMap((row) => row.scaleIds.map((scaleId) => `${row.machineId}/${scaleId}`)),
    (key) => key
  )
  return rows.map((row) => {
    const keys = row.scaleIds.map((scaleId) => `${row.machineId}/${scaleId}`)
    return {
      ...row,
      scales: keys.map((key) => byId.get(key) ?? { baselineGrams: null, noiseGrams: 0, isDisabled: false }),
      isShared: keys.some((key) => users.get(key)!.length > 1)
    }
  })
}

export type Kept = { facingId: string; onHand: number; most: number; isLow: boolean; isRefilled: boolean }

/** Notes what facings hold now. One that has gone from the planogram meanwhile is left out. */
export async function keep(tx: Tx, rows: Kept[]): Promise<void> {
  if (rows.length === 0) return
  await sql`
    INSERT INTO facing_stock (facing_id, on_hand, most, is_low, looked_at, refilled_at)
    SELECT facing.id, row.on_hand, row.most, row.is_low, ${tx.now}, CASE WHEN row.is_refilled THEN ${tx.now}::timestamptz END
    FROM unnest(${rows.map((row) => row.facingId)}::uuid[], ${rows.map((row) => row.onHand)}::int[], ${rows.map((row) => row.most)}::int[],
      ${rows.map((row) => row.isLow)}::bool[], ${rows.map((row) => row.isRefilled)}::bool[]) AS row (facing_id, on_hand, most, is_low, is_refilled)
    JOIN facing ON facing.id = row.facing_id
    ON CONFLICT (facing_id) DO UPDATE SET on_hand = excluded.on_hand, most = excluded.most, is_low = excluded.is_low,
      looked_at = excluded.looked_at, refilled_at = coalesce(excluded.refilled_at, facing_stock.refilled_at)`.execute(tx.db)
}
