/** Whole stories of the simulated shop, told to the real store message by message on the story's own clock: what it makes of them, held against the truth. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MESSAGES } from '#server/ingest/index.ts'
import { handleScan } from '#server/ingest/scan.ts'
import { replayClock } from '#server/platform/clock.ts'
import type { StaffApi } from '#simulator/api.ts'
import { onboard } from '#simulator/onboarding.ts'
import { type Story, type StoryMessage, simulateStory } from '#simulator/story.ts'
import { openTestStore, type TestStore } from '#test/support/store.ts'

const START = new Date('2026-01-05T04:30:00.000Z')

/** The simulator's way to the API, through the app instead of a socket. */
function apiOf({ admin }: TestStore): StaffApi {
  const send = async (method: 'GET', path: string, body?: unknown) => admin.send(method, `/api/v1${path}`, body)
  const call = async (method: 'GET', path: string, body?: unknown) => {
    const answer = await send(method, path, body)
    assert(answer.status < 300, `${method} ${path}: ${answer.text}`)
    return answer.body
  }
  const all = async (path: string) => (await call('GET', `${path}${path.includes('?') ? '&' : '?'}limit=200`)).items
  return { send, call, all } as unknown as StaffApi
}

/** Tells the story; the timetable has its turn each second of it. Returns what the doors said and what the box knows in the end. */
async function tell(store: TestStore, options: Parameters<typeof simulateStory>[0], clock: ReturnType<typeof replayClock>) {
  const shop = await onboard(apiOf(store), simulateStory(options).scenario)
  const story: Story = simulateStory({ ...options, start: START, storeId: shop.storeId, sign: shop.key.sign })
  let beatMs = START.getTime()
  for await (const message of story) {
    for (; beatMs + 1000 <= message.at.getTime(); beatMs += 1000) {
      clock.advance(new Date(beatMs + 1000))
      await store.drain()
    }
    clock.advance(message.at)
    await deliver(store, story, { message, shop })
  }
  const endMs = clock.now().getTime()
  clock.advance(new Date(endMs + 30_000))
  await store.drain()
  return { story, shop, api: apiOf(store), endMs }
}

type Told = { message: StoryMessage; shop: Awaited<ReturnType<typeof onboard>> }

async function deliver({ ctx, admin }: TestStore, story: Story, { message, shop }: Told): Promise<void> {
  const { kind, deviceId, body } = message
  if (kind === 'mode') return void (await admin.send('PUT', '/api/v1/store/mode', { ...body, force: true }))
  if (kind === 'scan') {
    const { scannerId, tag } = shop.scanners[deviceId]!
    const answer = await handleScan(ctx, { scannerId, tag, payload: body })
    return story.hearDoor(
      message,
      answer.status === 'success' ? { visitId: answer.visitId } : { refused: 'reason' in answer ? answer.reason : 'unavailable' }
    )
  }
  await MESSAGES[`machine/${kind}`]!(ctx, { deviceId, body, receivedMs: message.at.getTime(), isDuplicate: false })
}

/** Grams that moved on each scale, as the truth has it and as the box recorded it. */
async function sums({ story, api }: Awaited<ReturnType<typeof tell>>) {
  const truth = new Map<string, number>()
  for (const { machineId, grams } of story.truth.actions)
    for (const [scaleId, g] of Object.entries(grams))
      truth.set(`${machineId}/${scaleId}`, (truth.get(`${machineId}/${scaleId}`) ?? 0) + g)
  const seen = new Map<string, number>()
  let cursor: string | null = null
  do {
    const page: { items: { machineId: string; scaleId: string; status: string; grams: number }[]; nextCursor: string | null } =
      await api.call('GET', `/weight-changes?limit=200${cursor ? `&cursor=${cursor}` : ''}`)
    for (const { machineId, scaleId, status, grams } of page.items)
      seen.set(`${machineId}/${scaleId}`, (seen.get(`${machineId}/${scaleId}`) ?? 0) + (status === 'PICKED' ? -grams : grams))
    cursor = page.nextCursor
  } while (cursor !== null)
  return { truth, seen }
}

/** A story may be cut off with a hand on a scale: what it settles to, nobody was told. */
function scalesBusyAtTheEnd({ story, endMs }: Awaited<ReturnType<typeof tell>>): Set<string> {
  const late = story.truth.actions.filter((action) => Date.parse(action.at) > endMs - 5000)
  return new Set(late.flatMap((action) => action.scaleIds.map((scaleId) => `${action.machineId}/${scaleId}`)))
}

for (const scenario of ['two-at-once', 'refill-trip', 'demo'] as const) {
  test(`the story "${scenario}" ends with a ticket for each machine of each visit, every gram on its scale and books that balance`, async () => {
    const clock = replayClock(START)
    await using store = await openTestStore({ clock })
    const told = await tell(store, { seed: 7, scenario, seconds: 140 }, clock)
    const { story, shop, api } = told
    const left = story.truth.visits.filter((visit) => visit.leftAt !== null && visit.refused === null)
    assert(left.length > 0, 'somebody came and left')
    for (const visit of left) {
      const tickets: { machineId: string; status: string; weightChanges: unknown[] }[] = await api.all(
        `/tickets?visitId=${visit.visitId}`
      )
      assert.deepEqual(tickets.map((ticket) => ticket.machineId).toSorted(), Object.keys(shop.machines).toSorted())
      const taken = new Set(
        story.truth.actions
          .filter((action) => action.visitId === visit.visitId && action.kind === 'take')
          .map((action) => action.machineId)
      )
      for (const machineId of taken)
        assert(
          tickets.find((ticket) => ticket.machineId === machineId)!.weightChanges.length > 0,
          `${visit.name} took from ${machineId}`
        )
    }
    const { truth, seen } = await sums(told)
    const busy = scalesBusyAtTheEnd(told)
    for (const scale of new Set([...truth.keys(), ...seen.keys()])) {
      if (busy.has(scale)) continue
      const due = truth.get(scale) ?? 0
      const off = Math.abs((seen.get(scale) ?? 0) - due)
      assert(off <= Math.max(15, 0.03 * Math.abs(due)), `${scale}: ${seen.get(scale) ?? 0} g recorded, ${due.toFixed(1)} g moved`)
    }
    await store.admin.send('PUT', '/api/v1/store/mode', { mode: 'MAINTENANCE_MODE', force: true })
    const sessions: { machineId: string; isBalanced: boolean | null; endedAt: string | null }[] =
      await api.all('/machine-sessions')
    assert.deepEqual(
      sessions.filter((session) => session.isBalanced === false),
      []
    )
    assert(sessions.some((session) => session.isBalanced === true))
  })
}
