/** manage replay FILE…: recorded heartbeats through the same code as live ones, into a scratch database; prints what came out. */
import { readConfig } from '#server/config.ts'
import { caseCatalogue, storeCatalogue } from './replay/catalogue.ts'
import { mergeRecordings } from './replay/files.ts'
import { describe, outcomeOf } from './replay/report.ts'
import { replay } from './replay/run.ts'
import { openScratchServer } from './replay/scratch.ts'
import { say } from './run.ts'

/** Replays `files` and prints the weight changes and each machine's books; with `json` one JSON object instead. */
export async function replayFiles(files: string[], { json }: { json: boolean }): Promise<void> {
  const config = readConfig()
  await using stack = new AsyncDisposableStack()
  const { url, home } = await openScratchServer(config, stack)
  const catalogue = caseCatalogue(files[0]!) ?? (home === null ? null : await storeCatalogue(home))
  const startedMs = performance.now()
  const done = await replay(config, { url, recordings: mergeRecordings(files), catalogue })
  if (!done) return say('no heartbeats in these files')
  await using store = done.store
  const outcome = await outcomeOf(store.ctx)
  const tookMs = performance.now() - startedMs
  if (json)
    return say(
      JSON.stringify({ heartbeats: done.heartbeats, from: done.from, to: done.to, tookMs: Math.round(tookMs), ...outcome })
    )
  for (const line of describe(outcome)) say(line)
  const span = (done.to.getTime() - done.from.getTime()) / 1000
  say(
    `${done.heartbeats} heartbeats of ${span.toFixed(0)} s replayed in ${(tookMs / 1000).toFixed(1)} s (${(span / (tookMs / 1000)).toFixed(0)}× real time), ${outcome.changes.length} weight changes`
  )
}
