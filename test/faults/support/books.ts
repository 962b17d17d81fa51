/** The store's books held against what was acknowledged: nothing lost, nothing twice, no half visit, no machine session stuck. */
import assert from 'node:assert/strict'
import type { MachineSession } from '#contracts/api/machine-sessions.ts'
import { until } from '#test/support/devices.ts'
import type { Ledger } from './ledger.ts'
import type { StoreProcess } from './store-process.ts'

type Db = { query: (text: string, values?: unknown[]) => Promise<{ rows: any[] }> }

/** Fails with what is wrong; returns how many acknowledged facts were found. */
export async function checkBooks(store: StoreProcess, ledger: Ledger): Promise<number> {
  const said = store.lines.filter((line) => /"msg":"(request|exit|scan) failed"/.test(line)).slice(-3)
  assert.deepEqual(ledger.wrong, [], `answers that no fault excuses; the store says:\n${said.join('\n')}`)
  await using db = await store.database()
  const faults = [
    ...(await toldFaults(db, ledger)),
    ...(await settledFaults(db, ledger)),
    ...(await visitFaults(db, ledger)),
    ...(await machineSessionFaults(db)),
    ...(await balanceFaults(store)),
    ...(await evidenceFaults(db))
  ]
  assert.deepEqual(faults, [])
  return ledger.size
}

/** Grams of each scale in the order in which they were told, exactly. The machine `history` is a test's own, and told nothing. */
async function toldFaults(db: Db, { told }: Ledger): Promise<string[]> {
  const { rows } = await db.query(
    `SELECT machine_id || '/' || scale_id AS scale, CASE status WHEN 'PICKED' THEN -grams ELSE grams END AS grams
     FROM weight_change WHERE withdrawn_at IS NULL AND device_change_id IS NULL AND machine_id <> 'history' ORDER BY boot_epoch, seq`
  )
  const found = Map.groupBy(rows, (row) => row.scale as string)
  const faults: string[] = []
  for (const [scale, grams] of told) {
    const rowsOfScale = (found.get(scale) ?? []).map((row) => row.grams as number)
    if (rowsOfScale.join() !== grams.join()) faults.push(`scale ${scale}: ${differenceOf(grams, rowsOfScale)}`)
  }
  for (const scale of found.keys())
    if (!told.has(scale as `${string}/${string}`)) faults.push(`scale ${scale} was never promised anything`)
  return faults
}

function differenceOf(promised: number[], found: number[]): string {
  const at = promised.findIndex((grams, n) => grams !== found[n])
  const n = at < 0 ? promised.length : at
  const near = (list: number[]) => list.slice(Math.max(0, n - 2), n + 4).join(' ')
  return `${promised.length} promised, ${found.length} found; from the ${n}th: promised … ${near(promised)}, found … ${near(found)}`
}

async function settledFaults(db: Db, { settled }: Ledger): Promise<string[]> {
  const { rows } = await db.query(
    `SELECT device_change_id AS id, machine_id || '/' || scale_id AS scale, CASE status WHEN 'PICKED' THEN -grams ELSE grams END AS grams
     FROM weight_change WHERE withdrawn_at IS NULL AND device_change_id IS NOT NULL`
  )
  const found = Map.groupBy(rows, (row) => row.id as string)
  const faults: string[] = []
  for (const [id, { scale, grams }] of settled) {
    const [row, ...more] = found.get(id) ?? []
    if (!row) faults.push(`change ${id} was lost`)
    else if (more.length > 0) faults.push(`change ${id} counts ${more.length + 1} times`)
    else if (row.scale !== scale || row.grams !== grams)
      faults.push(`change ${id}: promised ${scale} ${grams}, found ${row.scale} ${row.grams}`)
  }
  for (const id of found.keys()) if (!settled.has(id)) faults.push(`change ${id} was never acknowledged`)
  return faults.slice(0, 20)
}

/** Every entry and exit that was answered is there; a closed visit has its cart and a ticket for each machine; nobody came twice. */
async function visitFaults(db: Db, { entries, exits }: Ledger): Promise<string[]> {
  const { rows: machines } = await db.query('SELECT count(*)::int AS count FROM machine WHERE retired_at IS NULL')
  const { rows } = await db.query(
    `SELECT id, user_id, exited_at IS NOT NULL AS "isClosed", (SELECT count(*)::int FROM ticket WHERE visit_id = visit.id) AS tickets,
       (SELECT count(*)::int FROM cart WHERE visit_id = visit.id) AS carts, (SELECT count(*)::int FROM user_session WHERE visit_id = visit.id) AS sessions FROM visit`
  )
  const known = new Map(rows.map((row) => [row.id as string, row]))
  const faults: string[] = []
  for (const id of entries) if (!known.has(id)) faults.push(`visit ${id} was opened, but is not there`)
  for (const id of exits) if (!known.get(id)?.isClosed) faults.push(`visit ${id} was closed, but is not`)
  for (const { id, isClosed, tickets, carts, sessions } of rows) {
    const expected = isClosed ? [machines[0].count, 1, 2] : [0, 0, 1]
    if ([tickets, carts, sessions].join() !== expected.join())
      faults.push(`visit ${id}: ${tickets} tickets, ${carts} carts, ${sessions} user sessions`)
  }
  for (const [user, visits] of Map.groupBy(rows, (row) => row.user_id as string))
    if (visits.length > 1) faults.push(`user ${user} came ${visits.length} times`)
  const { rows: numbers } = await db.query('SELECT count(*)::int AS count, coalesce(max(number), 0)::int AS last FROM ticket')
  if (numbers[0].count !== numbers[0].last) faults.push(`${numbers[0].count} tickets, but the last number is ${numbers[0].last}`)
  return faults.slice(0, 20)
}

/** Exactly one runs on each machine; each begins where the one before ended. */
export async function machineSessionFaults(db: Db): Promise<string[]> {
  const { rows } = await db.query(
    `SELECT machine.machine_id AS id, count(session.id) FILTER (WHERE ended_at IS NULL)::int AS running,
       count(*) FILTER (WHERE ended_at < started_at)::int AS backwards, count(*) FILTER (WHERE started_at <> before_end)::int AS gaps,
       count(*) FILTER (WHERE ended_at IS NULL AND n > 1)::int AS stuck
     FROM machine LEFT JOIN (SELECT *, lag(ended_at) OVER (PARTITION BY machine_id ORDER BY started_at, id) AS before_end,
       row_number() OVER (PARTITION BY machine_id ORDER BY started_at DESC, id DESC) AS n FROM machine_session) AS session USING (machine_id)
     WHERE retired_at IS NULL GROUP BY 1`
  )
  return rows
    .filter((row) => row.running !== 1 || row.backwards + row.gaps + row.stuck > 0)
    .map((row) => `machine sessions of ${row.id}: ${JSON.stringify(row)}`)
}

async function balanceFaults(store: StoreProcess): Promise<string[]> {
  const faults: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: { items: MachineSession[]; nextCursor: string | null } = await store.call(
      'GET',
      `/api/v1/machine-sessions?limit=200${cursor && `&cursor=${cursor}`}`
    )
    for (const { machineId, startedAt, isBalanced, scales } of page.items)
      if (isBalanced === false)
        faults.push(`books of ${machineId} since ${startedAt}: ${JSON.stringify(scales.filter((scale) => !scale.isBalanced))}`)
    cursor = page.nextCursor
  }
  return faults.slice(0, 10)
}

/** Every ticket knows what lies in its window, once the jobs have caught up. */
async function evidenceFaults(db: Db): Promise<string[]> {
  const behind = async () => {
    const { rows } = await db.query(
      `SELECT number FROM ticket WHERE evidence <> (
         SELECT coalesce(jsonb_object_agg(id, CASE status WHEN 'PICKED' THEN -grams ELSE grams END), '{}') FROM weight_change AS change
         WHERE change.machine_id = ticket.machine_id AND withdrawn_at IS NULL AND (occurred_at BETWEEN window_start AND window_end
           OR (found_late AND occurred_at > window_end AND occurred_from <= window_end))) LIMIT 10`
    )
    return rows.map((row) => `ticket ${row.number} does not know its evidence`)
  }
  await until(async () => (await behind()).length === 0, 'the tickets catch up', 20_000).catch(() => {})
  return behind()
}
