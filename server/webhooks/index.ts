/** OUT, to programs elsewhere: what webhooks are to be told, each at its own pace. All of it lies in the database; a start goes on where it stood. */
import type { Context } from '#server/context.ts'
import { dueEndpoints, onQueued, type Result, sendNext, WAITS, type Waits } from '#server/domain/webhook/actions.ts'

export type Sender = {
  /** Looks at once for what is due. */
  look(): void
  /** Breaks off what is being sent; the next start sends it again. */
  stop(): Promise<void>
}

/** What is queued is told at once; this is for what waited. */
const LOOK_EVERY_MS = 1000
/** An endpoint whose result could not be noted: sent at each look it would hear the same again and again. */
const HELD_MS = 30_000

/** Starts to send, in the background. `waits` are for tests. */
export function startWebhooks(ctx: Context, waits: Partial<Waits> & { lookEveryMs?: number } = {}): Sender {
  const sender = new Sending(ctx, { lookEveryMs: LOOK_EVERY_MS, ...WAITS, ...waits })
  sender.start()
  return sender
}

const counters = new WeakMap<Context, ReturnType<typeof makeCounter>>()
const makeCounter = ({ metrics }: Context) =>
  metrics.counter('niflr_webhook_deliveries_total', 'Attempts to tell a webhook of an event, by what became of them', ['result'])

function countResult(ctx: Context, result: Result): void {
  counters.get(ctx)!.inc({ result })
}

/** looking → one line for each endpoint that something is due for, sending one delivery after the other → looking …, until it is stopped. */
class Sending implements Sender {
  readonly #ctx: Context
  readonly #waits: Waits & { lookEveryMs: number }
  readonly #stopped = new AbortController()
  readonly #lines = new Map<string, Promise<void>>()
  readonly #heldUntilMs = new Map<string, number>()
  #looking: Promise<void> | null = null
  #isNudged = false
  #timer: NodeJS.Timeout | null = null
  #offQueued = () => {}

  constructor(ctx: Context, waits: Waits & { lookEveryMs: number }) {
    this.#ctx = ctx
    this.#waits = waits
  }

  start(): void {
    if (!counters.has(this.#ctx)) counters.set(this.#ctx, makeCounter(this.#ctx))
    this.#offQueued = onQueued(this.#ctx, () => this.look())
    this.look()
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#offQueued()
    if (this.#timer) clearTimeout(this.#timer)
    await this.#looking
    await Promise.all(this.#lines.values())
  }

  look(): void {
    this.#isNudged = true
    if (this.#looking || this.#stopped.signal.aborted) return
    if (this.#timer) clearTimeout(this.#timer)
    this.#looking = this.#openLines().finally(() => {
      this.#looking = null
      if (!this.#stopped.signal.aborted) this.#timer = setTimeout(() => this.look(), this.#waits.lookEveryMs)
    })
  }

  async #openLines(): Promise<void> {
    while (this.#isNudged && !this.#stopped.signal.aborted) {
      this.#isNudged = false
      try {
        for (const id of await dueEndpoints(this.#ctx.db, this.#ctx.clock.now())) this.#openLine(id)
      } catch (err) {
        this.#ctx.log.debug({ err }, 'webhooks: what is due cannot be read now')
      }
    }
  }

  #openLine(endpointId: string): void {
    if (this.#lines.has(endpointId) || (this.#heldUntilMs.get(endpointId) ?? 0) > performance.now()) return
    this.#heldUntilMs.delete(endpointId)
    const line = this.#send(endpointId).finally(() => {
      this.#lines.delete(endpointId)
      this.look() // what was queued while it ended
    })
    this.#lines.set(endpointId, line)
  }

  async #send(endpointId: string): Promise<void> {
    const sending = { waits: this.#waits, signal: this.#stopped.signal }
    try {
      for (let result: Result | null = 'delivered'; result === 'delivered' && !sending.signal.aborted; ) {
        result = await sendNext(this.#ctx, endpointId, sending)
        if (result) countResult(this.#ctx, result)
      }
    } catch (err) {
      if (sending.signal.aborted) return
      this.#heldUntilMs.set(endpointId, performance.now() + HELD_MS)
      this.#ctx.log.warn({ err, endpointId }, 'webhooks: what became of a delivery could not be noted')
    }
  }
}
