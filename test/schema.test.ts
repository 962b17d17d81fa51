/** The generated table types are those of the migrations: `npm run types` makes them anew. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openTestDatabase } from '#test/support/database.ts'

test('server/db/schema.ts is what the migrations make', async () => {
  await using database = await openTestDatabase()
  const file = join(mkdtempSync(join(tmpdir(), 'niflr-types-')), 'schema.ts')
  execFileSync('node_modules/.bin/kysely-codegen', ['--url', database.ownerUrl, '--out-file', file], { stdio: 'pipe' })
  assert.equal(readFileSync('server/db/schema.ts', 'utf8'), readFileSync(file, 'utf8'), 'run `npm run types` after a migration')
})
