/** Recorded and labelled data that lies beside the project and never in it. Tests read it in place and say so where it is absent. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, '..', '..', '..', 'shared', 'data')

/** What a test without its data passes as `skip`. */
export const NO_SHARED_DATA = 'skipped: no shared data'

/** Where `path` (relative to the data folder) is, or null where it is not. */
export function sharedData(path: string): string | null {
  const file = join(FOLDER, path)
  return existsSync(file) ? file : null
}
