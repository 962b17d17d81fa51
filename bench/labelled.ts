/** What benchmarks over labelled cases share: where the cases lie, and a PostgreSQL to replay them in. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '#server/platform/embedded-postgres.ts'
import type { BenchTools } from './table.ts'

export const SHARED = join(import.meta.dirname, '..', '..', 'shared', 'data', 'aifi')

/** The folder of the cases (of `--data`, else the shared ones) and a PostgreSQL that goes with `stack`; null, and said, where there are none. */
export async function openCases(
  stack: AsyncDisposableStack,
  { say, data }: Pick<BenchTools, 'say' | 'data'>
): Promise<{ folder: string; dataDir: string; url: string } | null> {
  const folder = join(data ?? SHARED, 'cases')
  if (!existsSync(folder)) {
    say(`skipped: no labelled cases in ${folder} (name a folder with --data)`)
    return null
  }
  const dataDir = mkdtempSync(join(tmpdir(), 'niflr-bench-'))
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }))
  const postgres = await startEmbeddedPostgres({ dataDir, ownName: 'niflr' })
  stack.defer(async () => void (await postgres.stop()))
  return { folder, dataDir, url: postgres.ownerUrl }
}
