/** `npm run types`: writes schema.ts from the migrations, over a PostgreSQL of its own that is gone afterwards. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrate } from '#server/platform/database.ts'
import { startEmbeddedPostgres } from '#server/platform/embedded-postgres.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'niflr-types-'))
const postgres = await startEmbeddedPostgres({ dataDir, ownName: 'niflr' })
try {
  await migrate(postgres.ownerUrl, join(import.meta.dirname, 'migrations'))
  execFileSync('kysely-codegen', ['--url', postgres.ownerUrl], { stdio: 'inherit' })
} finally {
  await postgres.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
