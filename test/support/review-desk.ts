/** The review desk in tests: a reviewer's hands, and a visit for them to work on. */
import assert from 'node:assert/strict'
import type { TicketDetail } from '#contracts/api/tickets.ts'
import type { Caller } from './http.ts'
import { land, later, openStore, visitor } from './visiting.ts'

/** A reviewer's hands. Each answers with the HTTP answer. */
export function reviewing(caller: Caller) {
  const post =
    (action: string) =>
    (id: string, body: unknown = undefined) =>
      caller.send('POST', `/api/v1/tickets/${id}/${action}`, body)
  const complete = post('complete')
  const claim = post('claim')
  return {
    ...caller,
    ...{ claim, release: post('release'), quote: post('quote'), complete, reopen: post('reopen') },
    /** Claims and completes, and insists that it worked. */
    async settle(id: string, lines: unknown[] = []): Promise<TicketDetail> {
      assert.equal((await claim(id)).status, 200)
      const answer = await complete(id, { lines })
      assert.equal(answer.status, 200, answer.text)
      return answer.body
    },
    ticket: async (id: string): Promise<TicketDetail> => (await caller.send('GET', `/api/v1/tickets/${id}`)).body
  }
}

/** A store where a shopper has left with `picks` cans from each of `machines` machines; nobody has reviewed anything. */
export async function afterVisit({
  machines = 1,
  picks = 1,
  env = {}
}: {
  machines?: number
  picks?: number
  env?: Record<string, string>
} = {}) {
  const store = await openStore({ machines, env })
  const shopper = await visitor(store)
  const changes: string[][] = []
  for (const machineId of store.machineIds) {
    const own: string[] = []
    for (let n = 0; n < picks; n++) {
      store.clock.forward(1000)
      own.push(await land(store.ctx, { machineId, grams: -330, at: store.clock.now() }))
    }
    changes.push(own)
  }
  store.clock.forward(1000)
  const visit = await shopper.leave()
  await later(store)
  const desk = reviewing(await store.staff('reviewer'))
  return {
    store,
    changes,
    desk,
    ...visit,
    ids: visit.tickets.map((ticket) => ticket.id),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]()
  }
}
