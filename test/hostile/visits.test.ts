/** Whole visits, told in order and told in disorder, must come to the same tickets; whatever is decided on them must add up to the last minor unit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { handleChange } from '#server/ingest/change.ts'
import { handleHeartbeat } from '#server/ingest/heartbeat.ts'
import { drainJobs } from '#server/jobs/index.ts'
import { type OpenStore, openStore, visitor } from '#test/support/visiting.ts'
import { BEATING, type Message, SETTLING, SLOT_MS, type Story, storyOf, timetableOf } from './stories.ts'

const SEED = 20_260_104
/** CI tells a part of the 10 000 visits of promise P4; VISITS=10000 tells them all. */
const VISITS = Number(process.env.VISITS ?? 1200)
const A_STORY = 500
/** Each story has a store and a database of its own. */
const STORES_AT_ONCE = 3
const JOBS_EVERY_MS = 30_000
const MACHINES = SETTLING + 1

for (const [how, seed] of [
  ['a fixed', SEED],
  ['a random', Math.floor(Math.random() * 2 ** 31)]
] as const) {
  const visits = how === 'a fixed' ? VISITS : Math.ceil(VISITS / 5)
  test(`${visits} visits told shuffled, doubled and late, with ${how} seed ${seed}: the same tickets as in order`, async (t) => {
    const stories = Array.from({ length: Math.ceil(visits / A_STORY) }, (_, n) =>
      storyOf({ seed: seed + n, visits: Math.min(A_STORY, visits - n * A_STORY) })
    )
    const waiting = stories.entries()
    const tellNext = async () => {
      for (const [n, story] of waiting) {
        assert.deepEqual(await tell(story, { isDisordered: true }), expected(story))
        if (n === 0) assert.deepEqual(await tell(story, { isDisordered: false }), expected(story), 'in order')
      }
    }
    await Promise.all(Array.from({ length: STORES_AT_ONCE }, tellNext))
    const changes = stories.reduce((sum, story) => sum + story.changes.length + story.picks.length, 0)
    t.diagnostic(`${visits} visits, ${changes} weight changes, seed ${seed}`)
  })
}

type Outcome = { tickets: string[]; sums: Record<string, number> }

/** What the tickets must hold: of each visit and machine, the changes between login and logout; and what each scale comes to. */
function expected(story: Story): Outcome {
  const tickets = story.visits.flatMap((visit) =>
    Array.from(
      { length: MACHINES },
      (_, m) => `visit ${visit.userId} machine m${m + 1}: ${insideOf(story, visit, m).toSorted().join(', ')}`
    )
  )
  const sums: Record<string, number> = {}
  const add = (machine: number, { scaleId, grams }: { scaleId: string; grams: number }) => {
    const scale = `m${machine + 1} ${scaleId}`
    sums[scale] = (sums[scale] ?? 0) + grams
  }
  for (const change of story.changes) add(change.machine, change)
  for (const pick of story.picks) add(BEATING, pick)
  return { tickets: tickets.toSorted(), sums }
}

/** A settled change is known by its id and to the millisecond, a pick by its scale and slot. */
function insideOf({ changes, picks, startMs }: Story, { inMs, outMs }: Story['visits'][number], machine: number): string[] {
  const isInside = (ms: number) => ms >= inMs && ms < outMs
  return machine === BEATING
    ? picks
        .filter(({ slot }) => isInside(startMs + slot * SLOT_MS))
        .map(({ scaleId, grams, slot }) => `${scaleId} in slot ${slot} ${grams}`)
    : changes
        .filter((change) => change.machine === machine && isInside(change.atMs))
        .map(({ id, grams, atMs }) => `${id} at ${atMs - startMs} ${grams}`)
}

/** Lets the story happen in a store of its own, each message at its time, those of one second at once. */
async function tell(story: Story, { isDisordered }: { isDisordered: boolean }): Promise<Outcome> {
  await using store = await openStore({ machines: MACHINES, env: { AUTO_REVIEW: 'off' } })
  const leaving = new Map<string, () => Promise<unknown>>()
  for (const { atMs, entries, exits, messages } of timetableOf(story, { isDisordered })) {
    store.clock.forward(atMs - store.clock.now().getTime())
    await Promise.all(entries.map(async (userId) => void leaving.set(userId, (await visitor(store, { id: userId })).leave)))
    const send = async ({ kind, machine, body }: Message) => {
      const handle = kind === 'change' ? handleChange : handleHeartbeat
      await handle(store.ctx, { deviceId: `m${machine + 1}`, receivedMs: atMs, isDuplicate: false, body })
    }
    await Promise.all(messages.map(send))
    await Promise.all(exits.map((userId) => leaving.get(userId)!()))
    if (isDisordered && atMs % JOBS_EVERY_MS === 0) await drainJobs(store.ctx)
  }
  await catchUp(store)
  return await outcomeOf(store, story)
}

/** Runs the jobs until the event log is read to its end: what other stores of the same PostgreSQL have under way holds it up for a moment. */
async function catchUp({ ctx }: OpenStore): Promise<void> {
  for (let isBehind = true; isBehind; ) {
    await drainJobs(ctx)
    const { rows } = await sql<{ isBehind: boolean }>`
      SELECT EXISTS (SELECT FROM event_log AS event WHERE (transaction_id, id) > ALL (SELECT transaction_id, id FROM event_cursor)) AS "isBehind"`.execute(
      ctx.db
    )
    isBehind = rows[0]!.isBehind
  }
}

async function outcomeOf({ ctx }: OpenStore, { startMs }: Story): Promise<Outcome> {
  const { rows } = await sql<{ ticket: string }>`
    SELECT 'visit ' || visit.user_id || ' machine ' || ticket.machine_id || ': ' || coalesce(string_agg(name, ', ' ORDER BY name COLLATE "C"), '') AS ticket
    FROM ticket JOIN visit ON visit.id = ticket.visit_id
    LEFT JOIN LATERAL (
      SELECT CASE WHEN device_change_id IS NULL THEN scale_id || ' in slot ' || ms / ${SLOT_MS}::int ELSE device_change_id || ' at ' || ms END || ' ' || grams AS name
      FROM (SELECT device_change_id, scale_id, known.value AS grams, (extract(epoch FROM occurred_at) * 1000)::bigint - ${startMs}::bigint AS ms
        FROM jsonb_each_text(ticket.evidence) AS known JOIN weight_change ON weight_change.id = known.key::uuid AND withdrawn_at IS NULL) AS of_ticket
    ) AS change ON true
    GROUP BY ticket.id, visit.user_id`.execute(ctx.db)
  const sums = await sql<{ scale: string; grams: number }>`
    SELECT machine_id || ' ' || scale_id AS scale, sum(CASE status WHEN 'PICKED' THEN -grams ELSE grams END)::int AS grams
    FROM weight_change WHERE withdrawn_at IS NULL GROUP BY 1`.execute(ctx.db)
  return {
    tickets: rows.map(({ ticket }) => ticket).toSorted(),
    sums: Object.fromEntries(sums.rows.map(({ scale, grams }) => [scale, grams]))
  }
}
