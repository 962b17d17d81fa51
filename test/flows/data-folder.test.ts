/** A data folder that cannot be: the start ends at once, and says which setting is to be put right. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { boxEnv, openFolder, run } from '#test/support/box.ts'

test('a DATA_DIR in which no folder can be made stops the start with a line that names it', { timeout: 60_000 }, async () => {
  using folder = openFolder()
  const file = join(folder.path, 'file')
  writeFileSync(file, '')
  for (const dataDir of ['/proc/niflr', '/proc/niflr/data', join(file, 'data')]) {
    const { code, err, out } = await run(process.execPath, ['server/processes/store.ts'], { env: boxEnv(dataDir) })
    assert.equal(code, 1, out)
    assert.match(err + out, new RegExp(`setting DATA_DIR: ${dataDir} cannot be written: E(NOENT|NOTDIR|ACCES)`))
  }
})
