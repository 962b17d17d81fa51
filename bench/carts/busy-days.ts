/** Busy days of the fake shop as labelled cases: people come and go all the time, so that shoppers follow one another at a machine within minutes. */
import type { Context } from '#server/context.ts'
import { MESSAGES } from '#server/ingest/index.ts'
import { type StoryMessage, simulateStory } from '#simulator/story.ts'
import type { TruthAction } from '#simulator/truth.ts'
import type { Case, Feed } from './cases.ts'

/** A busy day, and everything that hands did in it. */
export type BusyDay = Omit<Case, 'truth'> & { truth: Pick<Case['truth'], 't0' | 'in_store' | 'receipts'>; actions: TruthAction[] }
type Said = Extract<StoryMessage, { kind: 'heartbeat' | 'samples' | 'change' }>

/** `seconds` of shoppers in `people` visits; the same seed, the same day. */
export async function busyDay(seed: number, { people, seconds }: { people: number; seconds: number }): Promise<BusyDay> {
  const story = simulateStory({ seed, scenario: 'busy-hour', shoppers: people, seconds })
  const said: Said[] = []
  for await (const message of story) if (message.kind !== 'scan' && message.kind !== 'mode') said.push(message)
  const { truth, scenario } = story
  const inSeconds = (time: string) => Date.parse(time) / 1000
  const stays = truth.visits.flatMap(({ visitKey, enteredAt, leftAt }) =>
    leftAt === null ? [] : [[visitKey, [inSeconds(enteredAt), inSeconds(leftAt)] as [number, number]] as const]
  )
  return {
    name: `busy day ${seed}`,
    interval: 1,
    truth: {
      t0: said[0]!.at.getTime() / 1000,
      in_store: Object.fromEntries(stays),
      receipts: truth.visits.map(({ visitKey, bill }) => ({
        shopper: visitKey,
        items: bill.map(({ sku, quantity }) => ({ product: sku, qty: quantity }))
      }))
    },
    actions: truth.actions,
    people: [],
    catalogue: {
      products: scenario.products,
      facings: new Map(scenario.machines.map(({ machineId, facings }) => [machineId, facings]))
    },
    feed: () => feedOf(said)
  }
}

async function* feedOf(said: Said[]): Feed {
  for (const { at, deviceId, kind, body } of said) {
    const receivedMs = at.getTime()
    const take = async (ctx: Context) =>
      void (await MESSAGES[`machine/${kind}`]!(ctx, { deviceId, body, receivedMs, isDuplicate: false }))
    yield { receivedMs, take }
  }
}
