/** A database that cannot hold what some machines say. */
import type { Context } from '#server/context.ts'

/** It refuses every change of these machines until disposal, as it does a value out of range. */
export async function refuseChangesOf({ pool }: Context, machineIds: string[]): Promise<AsyncDisposable> {
  const ids = machineIds.map((id) => `'${id}'`).join(', ')
  await pool.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'out of range' USING ERRCODE = '22003'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON weight_change FOR EACH ROW WHEN (NEW.machine_id IN (${ids})) EXECUTE FUNCTION refuse()`)
  return { [Symbol.asyncDispose]: async () => void (await pool.query('DROP FUNCTION refuse CASCADE')) }
}
