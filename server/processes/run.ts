/** A process's life: start, wait for SIGTERM or SIGINT, finish what was acknowledged, exit 0 within 10 s. A person reads these lines. */
import { writeSync } from 'node:fs'
import { ConfigError } from '#server/config.ts'
import { tidy } from './tidy.ts'

const STOP_WITHIN_MS = 9500
/** Not at once: whoever waited for the start comes first. */
const TIDY_AFTER_MS = 2000

/** One line for the person who started this, on standard output. */
export const say = (line: string): void => tell(1, line)
const complain = (line: string): void => tell(2, line)

/** Whoever read these lines may be gone; that is no reason to stop a store. */
function tell(fd: 1 | 2, line: string): void {
  try {
    writeSync(fd, `${line}\n`)
  } catch {}
}

/**
 * Starts with `start`, which returns the way to stop and may call `stopping(why)` when it can no longer go on. Ends the process. Run with
 * `--compile` it only compiles and keeps what the process imports.
 */
export async function runUntilStopped(start: (stopping: (why: string) => void) => Promise<() => Promise<void>>): Promise<never> {
  if (process.argv.includes('--compile')) process.exit(0)
  const ending = Promise.withResolvers<number>()
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => ending.resolve(0))
  process.on('unhandledRejection', (error) => {
    complain(`unexpected: ${error instanceof Error ? error.stack : String(error)}`)
    ending.resolve(1)
  })
  const started = start((why) => {
    complain(why)
    ending.resolve(1)
  })
  started.catch((error: unknown) => {
    explain(error)
    process.exit(1)
  })
  started.then(
    () => setTimeout(tidy, TIDY_AFTER_MS).unref(),
    () => {}
  )
  const code = await ending.promise
  setTimeout(() => process.exit(code || 1), STOP_WITHIN_MS).unref()
  if (code === 0) say('stopping')
  const stop = await started
  await stop().catch((error: unknown) => complain(`while stopping: ${String(error)}`))
  process.exit(code)
}

function explain(error: unknown): void {
  complain(error instanceof ConfigError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error))
}
