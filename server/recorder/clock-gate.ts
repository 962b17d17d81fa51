/** Clips are cut and named by the clock of the box: at a start it is waited for until it is synchronised, for a minute at most. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '#server/platform/logger.ts'

const AT_MOST_MS = 60_000
const LOOK_EVERY_MS = 250

/**
 * Resolves once systemd-timesyncd says that the clock is synchronised (a file below `runDir`), at once where nobody can say, and after a
 * minute in any case, since a clip of an uncertain time is better than none. Says in the log which of them it was.
 */
export async function clockIsSet(
  log: Logger,
  { runDir, signal, atMostMs = AT_MOST_MS }: { runDir: string; signal: AbortSignal; atMostMs?: number }
): Promise<'synchronised' | 'unknown' | 'late'> {
  const folder = join(runDir, 'systemd', 'timesync')
  const isSet = () => existsSync(join(folder, 'synchronized'))
  if (!existsSync(folder)) {
    log.info('whether the clock of the box is synchronised cannot be known here: recording starts')
    return 'unknown'
  }
  const deadlineMs = performance.now() + atMostMs
  while (!isSet() && performance.now() < deadlineMs && !signal.aborted) await sleep(LOOK_EVERY_MS, undefined, { ref: false })
  if (isSet()) return 'synchronised'
  if (!signal.aborted) log.warn('the clock of the box is still not synchronised: recording starts, its times may be off')
  return 'late'
}
