/** A start that cannot be: it ends at once, says which setting is to be put right, and takes nothing with it that is said only once. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
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

test('a first start that ends at a port in use has told the password of the account that it made', {
  timeout: 60_000
}, async () => {
  using folder = openFolder()
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const env = { ...boxEnv(join(folder.path, 'data')), MQTT_PORT: String(port), SUPERUSER_PASSWORD: '' }
  const { code, err, out } = await run(process.execPath, ['server/processes/store.ts'], { env })
  other.close()
  assert.equal(code, 1, out)
  assert.match(err + out, new RegExp(`setting MQTT_PORT: port ${port} is in use`))
  assert.match(out, /first start: sign in as "admin" with password \S{12,} \(shown this once\)/)
})
