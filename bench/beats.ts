/** Work at a steady beat, for loads that last. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Does `work` at a steady beat until the end; what takes longer than a beat skips some. */
export async function every(ms: number, ending: AbortSignal, work: () => Promise<void>): Promise<void> {
  for (let nextMs = performance.now() + ms; !ending.aborted; nextMs += ms) {
    await work()
    while (nextMs < performance.now()) nextMs += ms
    await sleep(nextMs - performance.now(), undefined, { signal: ending }).catch(() => {})
  }
}
