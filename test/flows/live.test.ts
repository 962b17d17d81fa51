/** The live stream: every event once and in order, whatever commits when, and on from where one was. */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import { sql } from 'kysely'
import { type Context, transact } from '#server/context.ts'
import { systemClock } from '#server/platform/clock.ts'
import { formatCursor } from '#server/platform/event-log.ts'
import { assertProblem } from '#test/support/http.ts'
import { caughtUp, openStore } from '#test/support/visiting.ts'

type Message = { id?: string; event: string; data: Record<string, unknown> }

async function openLive(env: Record<string, string> = {}) {
  const store = await openStore({ machines: 0, clock: systemClock, env })
  const url = await store.app.listen({ host: '127.0.0.1', port: 0 })
  const { token } = await store.staff('reviewer')
  const streams: AbortController[] = []
  await caughtUp(store.ctx.events)
  const watch = async (query = '', headers: Record<string, string> = {}) => {
    const abort = new AbortController()
    streams.push(abort)
    const answer = await fetch(`${url}/api/v1/live${query}`, {
      headers: { authorization: `Bearer ${token}`, ...headers },
      signal: abort.signal
    })
    assert.equal(answer.status, 200)
    return reader(answer.body!)
  }
  const dispose = async () => {
    for (const abort of streams) abort.abort()
    await store[Symbol.asyncDispose]()
  }
  return { ...store, url, token, watch, [Symbol.asyncDispose]: dispose }
}

/** Reads a stream's messages one by one; comments and lone ids are no messages. */
function reader(body: ReadableStream<Uint8Array>) {
  const chunks = body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  let lastId: string | undefined
  const next = async (): Promise<Message> => {
    for (;;) {
      const end = text.indexOf('\n\n')
      if (end < 0) {
        const { value, done } = await chunks.read()
        if (done) throw new Error('the stream ended')
        text += value
        continue
      }
      const fields = new Map(
        text
          .slice(0, end)
          .split('\n')
          .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)])
      )
      text = text.slice(end + 2)
      lastId = fields.get('id') ?? lastId
      const data = fields.get('data')
      if (data) return { ...(lastId && { id: lastId }), event: fields.get('event')!, data: JSON.parse(data) }
    }
  }
  const take = async (count: number) => {
    const messages: Message[] = []
    while (messages.length < count) messages.push(await next())
    return messages
  }
  return { next, take, close: () => chunks.cancel() }
}

const say = (ctx: Context, byMs: number) => transact(ctx, async (tx) => tx.emit('clock.jumped', { byMs }))
const numbers = (messages: Message[]) => messages.map((message) => message.data.byMs)

test('who watches is told what happens, with its time, and may ask for some names only', async () => {
  await using live = await openLive()
  const all = await live.watch()
  const modes = await live.watch('?names=store-mode.changed,visit.opened')
  await say(live.ctx, 1)
  const { send } = await live.staff('admin')
  await send('PUT', '/api/v1/store/mode', { mode: 'REFILLMENT_MODE' })
  const [jump, mode] = await all.take(2)
  assert.deepEqual([jump!.event, jump!.data.byMs, typeof jump!.data.at], ['clock.jumped', 1, 'string'])
  assert.deepEqual([mode!.event, mode!.data.to], ['store-mode.changed', 'REFILLMENT_MODE'])
  assert.deepEqual(await modes.next(), mode)
})

test('who comes back with the last id he saw goes on right behind it', async () => {
  await using live = await openLive()
  const first = await live.watch()
  for (let n = 0; n < 5; n++) await say(live.ctx, n)
  const [, second] = await first.take(2)
  await first.close()
  for (let n = 5; n < 8; n++) await say(live.ctx, n)
  assert.deepEqual(numbers(await (await live.watch('', { 'last-event-id': second!.id! })).take(6)), [2, 3, 4, 5, 6, 7])
  assert.deepEqual(numbers(await (await live.watch(`?lastEventId=${second!.id}`)).take(6)), [2, 3, 4, 5, 6, 7])
})

test('under concurrent writers every watcher, early or late, sees every event once and in one order', async () => {
  await using live = await openLive()
  const early = await live.watch()
  const start = await live.ctx.events.end()
  const WRITERS = 8
  const EACH = 150
  const writing = Array.from({ length: WRITERS }, async (_, writer) => {
    for (let n = 0; n < EACH; n++) {
      await transact(live.ctx, async (tx) => {
        tx.emit('clock.jumped', { byMs: writer * 1000 + n })
        if (n % 7 === 0) await sql`SELECT pg_sleep(0.005)`.execute(tx.db)
      }).catch(() => {})
      if (n % 10 === 0) await transact(live.ctx, async () => Promise.reject(new Error('rolled back'))).catch(() => {})
    }
  })
  const seen = early.take(WRITERS * EACH)
  const middle = (await live.watch(`?lastEventId=${formatCursor(start)}`)).take(WRITERS * EACH)
  await Promise.all(writing)
  const late = (await live.watch(`?lastEventId=${formatCursor(start)}`)).take(WRITERS * EACH)
  const [a, b, c] = await Promise.all([seen, middle, late])
  assert.equal(new Set(numbers(a)).size, WRITERS * EACH)
  assert.deepEqual(numbers(b), numbers(a))
  assert.deepEqual(numbers(c), numbers(a))
  for (let writer = 0; writer < WRITERS; writer++) {
    const own = numbers(a).filter((n) => Math.floor(Number(n) / 1000) === writer)
    assert.deepEqual(
      own,
      own.toSorted((x, y) => Number(x) - Number(y)),
      'a writer’s own events keep their order'
    )
  }
})

test('an id that is no longer kept, or of no log of ours, is answered with a reset', async () => {
  await using live = await openLive()
  const end = formatCursor(await live.ctx.events.end())
  for (let n = 0; n < 3; n++) await say(live.ctx, n)
  await sql`DELETE FROM event_log WHERE payload->>'byMs' IS DISTINCT FROM '2'`.execute(live.ctx.db)
  const gone = await (await live.watch(`?lastEventId=${end}`)).take(2)
  assert.deepEqual(
    gone.map((message) => message.event),
    ['reset', 'clock.jumped']
  )
  for (const id of ['nonsense', '99999999999-1']) {
    const stream = await live.watch('', { 'last-event-id': id })
    assert.equal((await stream.next()).event, 'reset', id)
    await say(live.ctx, 7)
    assert.equal((await stream.next()).data.byMs, 7)
  }
})

test('one who does not read is cut off instead of kept in memory, and hinders nobody', async () => {
  await using live = await openLive()
  const closed = Promise.withResolvers<void>()
  const lazy = request(`${live.url}/api/v1/live`, { headers: { authorization: `Bearer ${live.token}` } }, (answer) => {
    answer.pause()
    answer.socket.pause()
    answer.on('close', closed.resolve).on('error', closed.resolve)
  })
  lazy.on('error', () => {}).end()
  const keen = await live.watch('?names=clock.jumped')
  await say(live.ctx, 0)
  const before = await keen.next()
  const message = 'x'.repeat(10_000)
  for (let n = 0; n < 40; n++) {
    await transact(live.ctx, async (tx) => {
      for (let m = 0; m < 50; m++) tx.emit('alarm.started', { alarmId: String(m), kind: 'test', subject: 'test', message })
    })
  }
  await say(live.ctx, 1)
  const after = await keen.next()
  assert.deepEqual([before.data.byMs, after.data.byMs], [0, 1])
  const connections = () => new Promise<number>((resolve) => live.app.server.getConnections((_, count) => resolve(count)))
  const deadline = performance.now() + 10_000
  while ((await connections()) > 1) assert(performance.now() < deadline, 'the lazy one is still there')
  lazy.destroy()
})

test('a stream ends when the credential it was opened with does, and beats until then', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  await using live = await openLive()
  const stream = await live.watch()
  t.mock.timers.tick(60_000)
  await say(live.ctx, 1)
  assert.equal((await stream.next()).data.byMs, 1)
  await sql`UPDATE api_token SET revoked_at = now()`.execute(live.ctx.db)
  const ended = assert.rejects(stream.next(), /ended/)
  t.mock.timers.tick(60_000)
  await ended
})

test('the stream wants a credential, and ends with the server', async () => {
  await using live = await openLive()
  assertProblem(await live.staff('admin').then(async ({ send }) => send('GET', '/api/v1/live?names=A!')), 422, 'invalid')
  assert.equal((await fetch(`${live.url}/api/v1/live`)).status, 401)
  const stream = await live.watch()
  const ended = assert.rejects(stream.next(), /ended|terminated|aborted/)
  await live.app.close()
  await ended
})
