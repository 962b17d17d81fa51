/** No list reads more than a page's worth of rows, by any filter: every statement of every request is explained over days of history. */
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import pg from 'pg'
import { beginningMs, MACHINES, makeHistory, USERS, userId, visitId, visitsOf } from '#bench/history.ts'
import { type Case, changeCases, ticketCases } from '#bench/list-cases.ts'
import { newId } from '#server/platform/ids.ts'
import { openTestStore, type TestStore } from '#test/support/store.ts'

const ROWS = 50_000
/** What one node of a plan may read for a page of 50, of 10 000 tickets and 50 000 changes: its own rows; with tickets also the changes of their machine sessions. */
const MOST_READ: Record<string, Record<string, number>> = {
  tickets: { ticket: 600, weight_change: 8000, machine_session: 1000 },
  'weight-changes': { weight_change: 600 },
  'machine-sessions': { machine_session: 200 }
}

type Statement = { text: string; values: unknown[] }
type Plan = Record<string, unknown> & { Plans?: Plan[] }

async function openHistory() {
  const store = await openTestStore()
  const machines = Array.from({ length: MACHINES }, (_, n) => ({
    machineId: `M${n}`,
    displayName: `Machine ${n}`,
    kind: 'shelf'
  }))
  for (const machine of machines) await store.admin.send('POST', '/api/v1/machines', machine)
  const product = { sku: 'P-1', name: 'Product', weightGrams: 330, weightToleranceGrams: 10, priceMinor: 900 }
  const { body } = await store.admin.send('POST', '/api/v1/products', product)
  const baseMs = Math.floor(Date.now() / 300_000) * 300_000
  const client = new pg.Client({ connectionString: store.databaseUrl })
  await client.connect()
  await makeHistory(client, { rows: ROWS, baseMs, productId: body.id, adminId: store.admin.id }, () => {})
  const user = newId()
  const visit = newId()
  await client.query("INSERT INTO user_detail VALUES ($1, '+91', 'customer', NULL, now(), now())", [user])
  await client.query("INSERT INTO visit (id, user_id, role, entered_at) VALUES ($1, $2, 'customer', now())", [visit, user])
  await client.end()
  return { store, baseMs, openVisitId: visit }
}

/** What `request` reads from the database. */
async function statementsOf(request: () => Promise<unknown>): Promise<Statement[]> {
  const said: Statement[] = []
  const query = pg.Client.prototype.query as (...args: unknown[]) => unknown
  const spy = mock.method(pg.Client.prototype, 'query', function (this: pg.Client, ...args: unknown[]) {
    const [text, values] = args
    if (typeof text === 'string' && Array.isArray(values)) said.push({ text, values })
    return query.apply(this, args)
  })
  try {
    await request()
  } finally {
    spy.mock.restore()
  }
  return said.filter(({ text }) => /^\s*(select|with)\b/i.test(text))
}

/** The nodes of a plan that read more rows of a table than they may. */
function overread(plan: Plan, most: Record<string, number>): string[] {
  const number = (key: string) => Number(plan[key] ?? 0)
  const read = number('Actual Rows') + number('Rows Removed by Filter') + number('Rows Removed by Index Recheck')
  const rows = read * number('Actual Loops')
  const isOver = rows > (most[String(plan['Relation Name'])] ?? Number.POSITIVE_INFINITY)
  const own = `${plan['Node Type']} on ${plan['Relation Name']} by ${plan['Index Name'] ?? 'no index'} reads ${rows} rows`
  return [...(isOver ? [own] : []), ...(plan.Plans ?? []).flatMap((part) => overread(part, most))]
}

async function assertFewRead({ ctx, admin }: TestStore, { name, path }: Case): Promise<void> {
  for (const n of [0, 7]) {
    const most = MOST_READ[path(n).split(/[/?]/)[3]!]!
    const statements = await statementsOf(async () => {
      const answer = await admin.send('GET', path(n))
      assert.equal(answer.status, 200, `${name}: ${answer.text}`)
    })
    assert(statements.length > 0, `${name} asks the database`)
    for (const { text, values } of statements) {
      const { rows } = await ctx.pool.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, values)
      assert.deepEqual(overread(rows[0]['QUERY PLAN'][0].Plan, most), [], `${path(n)}\n${text}`)
    }
  }
}

test('a first page of tickets or weight changes reads few rows, whatever is asked for', async (t) => {
  const { store, baseMs, openVisitId } = await openHistory()
  await using _store = store
  const visits = visitsOf(ROWS)
  const known = {
    visitIds: Array.from({ length: visits }, (_, n) => visitId(n + 1, baseMs)),
    oldVisitId: visitId(visits, baseMs),
    openVisitId,
    userIdOf: (n: number) => userId(1 + ((n * 37) % (USERS - 1))),
    oldestMs: beginningMs(ROWS, baseMs),
    newestMs: baseMs
  }
  for (const one of [...ticketCases(known), ...changeCases(known)]) await t.test(one.name, () => assertFewRead(store, one))
  for (const [list, time, count] of LISTS)
    await t.test(`${list} of a span, newest or oldest first, page by page`, () =>
      assertSpan(store, { list, time, count, baseMs })
    )
  await t.test('machine sessions that reach into a span are found without walking what is older', async () => {
    for (const order of ['asc', 'desc']) {
      const query = new URLSearchParams({ from: at(baseMs - 7_200_000), to: at(baseMs - 3_600_000), order })
      const path = `/api/v1/machine-sessions?${query}`
      await assertFewRead(store, { name: `machine sessions, ${order}`, path: () => path })
    }
  })
})

const at = (ms: number) => new Date(ms).toISOString()
/** A list, the time by which it goes, and how many of an hour the history has by it. */
const LISTS: [list: string, time: string, count: string][] = [
  ['tickets', 'endTime', 'ticket WHERE end_time'],
  ['visits', 'enteredAt', 'visit WHERE entered_at'],
  ['carts', 'createdAt', 'cart WHERE created_at'],
  ['user-sessions', 'at', 'user_session WHERE at'],
  ['weight-changes', 'occurredAt', 'weight_change WHERE withdrawn_at IS NULL AND occurred_at'],
  ['audit', 'at', 'audit_entry WHERE at']
]

async function assertSpan(
  { ctx, admin }: TestStore,
  { list, time, count, baseMs }: { list: string; time: string; count: string; baseMs: number }
): Promise<void> {
  const isNow = list === 'audit' // the store's own doing, not the history's
  const span = isNow
    ? { from: at(Date.now() - 600_000), to: at(Date.now()) }
    : { from: at(baseMs - 7_200_000), to: at(baseMs - 3_600_000) }
  const read = async (order: string) => {
    const rows: Record<string, string>[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query = new URLSearchParams({ ...span, order, limit: '30', ...(cursor && { cursor }) })
      const { body } = await admin.send('GET', `/api/v1/${list}?${query}`)
      rows.push(...body.items)
      cursor = body.nextCursor
    }
    return rows
  }
  const [down, up] = [await read('desc'), await read('asc')]
  const { rows } = await ctx.pool.query(`SELECT count(*)::int AS count FROM ${count} BETWEEN $1 AND $2`, [span.from, span.to])
  assert(rows[0].count > 5, `${rows[0].count} in the span`)
  assert.equal(down.length, rows[0].count)
  assert.deepEqual(
    up.map(({ id }) => id),
    down.map(({ id }) => id).reverse()
  )
  const key = list === 'tickets' ? 'number' : time
  assert(up.every((row) => row[time]! >= span.from && row[time]! <= span.to))
  assert(up.every((row, n) => n === 0 || row[key]! >= up[n - 1]![key]!))
}
