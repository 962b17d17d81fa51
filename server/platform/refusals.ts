/** What devices were refused lately, in memory: a few of each, for whoever mounts them. What is told again and again is one entry that counts. */

import { Invalid, NotFound, Refused } from './errors.ts'

export type Refusal = { over: 'HTTP' | 'MQTT' | null; reason: string; detail: string }
export type NotedRefusal = Refusal & { at: string; count: number }

const KEPT_EACH = 20
const MOST_DETAIL = 300

export class Refusals {
  readonly since: Date
  readonly #now: () => Date
  readonly #devices = new Map<string, NotedRefusal[]>()

  constructor(now: () => Date) {
    this.#now = now
    this.since = now()
  }

  /** `device` is kind and id of one that is onboarded: whoever has no credential must not fill this. */
  note(device: string, { over, reason, detail }: Refusal): void {
    const at = this.#now().toISOString()
    const told = detail.slice(0, MOST_DETAIL)
    const known = this.#devices.get(device) ?? []
    const [last, ...rest] = known
    const isSame = last !== undefined && last.over === over && last.reason === reason && last.detail === told
    const next = isSame
      ? [{ ...last, at, count: last.count + 1 }, ...rest]
      : [{ at, over, reason, detail: told, count: 1 }, ...known.slice(0, KEPT_EACH - 1)]
    this.#devices.set(device, next)
  }

  /** Newest first. */
  of(device: string): NotedRefusal[] {
    return this.#devices.get(device) ?? []
  }
}

/** Why something would be refused again however often it is sent; null where the box is to blame. */
export function refusalOf(error: unknown): { reason: string; detail: string } | null {
  if (error instanceof Refused) return { reason: error.code, detail: error.message }
  if (error instanceof Invalid) return { reason: 'malformed', detail: error.message }
  if (error instanceof NotFound) return { reason: 'unknown', detail: error.message }
  const { statusCode, message } = error as { statusCode?: number; message?: string } // what Fastify itself finds wrong
  return statusCode && statusCode < 500 ? { reason: 'malformed', detail: message ?? 'not a message' } : null
}
