/** The file cache: bounded, made once however many ask, still there after a restart; and slots, which keep the line short. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Refused } from './errors.ts'
import { FileCache } from './file-cache.ts'
import { Slots } from './slots.ts'

function openFolder() {
  const path = mkdtempSync(join(tmpdir(), 'niflr-cache-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}
const KB = Buffer.alloc(1000, 1)
const filesIn = (folder: string) =>
  (readdirSync(folder, { recursive: true }) as string[]).filter((name) => name.endsWith('.jpg')).toSorted()
const never = () => Promise.reject(new Error('it was there already'))

test('a file is made once for all who ask at the same time, and kept', async () => {
  using folder = openFolder()
  const cache = new FileCache({ folder: folder.path, maxBytes: 10_000 })
  const gate = Promise.withResolvers<Buffer>()
  let made = 0
  const make = () => {
    made += 1
    return gate.promise
  }
  const asking = Array.from({ length: 20 }, () => cache.get('a/1.jpg', make))
  gate.resolve(KB)
  for (const found of await Promise.all(asking)) assert.ok(found.equals(KB))
  assert.equal(made, 1)
  assert.ok((await cache.get('a/1.jpg', never)).equals(KB))
})

test('beyond its bound the files that were not asked for the longest go', async () => {
  using folder = openFolder()
  const cache = new FileCache({ folder: folder.path, maxBytes: 3000 })
  for (const key of ['a/1.jpg', 'a/2.jpg', 'b/3.jpg']) await cache.get(key, async () => KB)
  await cache.get('a/1.jpg', never)
  await cache.get('b/4.jpg', async () => KB)
  assert.deepEqual(filesIn(folder.path), ['a/1.jpg', 'b/3.jpg', 'b/4.jpg'])
})

test('what an earlier process left is used and counts; its half-written files go', async () => {
  using folder = openFolder()
  const earlier = new FileCache({ folder: folder.path, maxBytes: 3000 })
  for (const key of ['a/1.jpg', 'a/2.jpg', 'a/3.jpg']) await earlier.get(key, async () => KB)
  writeFileSync(join(folder.path, 'half.draft'), 'x')
  const cache = new FileCache({ folder: folder.path, maxBytes: 3000 })
  assert.ok((await cache.get('a/1.jpg', never)).equals(KB))
  await cache.get('a/4.jpg', async () => KB)
  assert.equal(filesIn(folder.path).length, 3)
  assert.ok(!existsSync(join(folder.path, 'half.draft')))
})

test('what is forgotten, or was removed behind its back, is made again; a maker that fails leaves nothing', async () => {
  using folder = openFolder()
  const cache = new FileCache({ folder: folder.path, maxBytes: 3000 })
  for (const key of ['a/1.jpg', 'b/1.jpg']) await cache.get(key, async () => KB)
  await cache.forget('a')
  assert.deepEqual(filesIn(folder.path), ['b/1.jpg'])
  rmSync(join(folder.path, 'b/1.jpg'))
  assert.equal((await cache.get('b/1.jpg', async () => Buffer.from('new'))).toString(), 'new')
  await assert.rejects(cache.get('c/1.jpg', never), /it was there already/)
  assert.equal((await cache.get('c/1.jpg', async () => KB)).length, KB.length)
})

test('a folder that cannot be written is no reason to give nothing', async () => {
  using folder = openFolder()
  writeFileSync(join(folder.path, 'file'), '')
  const cache = new FileCache({ folder: join(folder.path, 'file'), maxBytes: 3000 })
  for (let n = 0; n < 2; n++) assert.ok((await cache.get('a/1.jpg', async () => KB)).equals(KB))
})

test('so many at once, the next ones in their order, and who finds the line full is turned away', async () => {
  const slots = new Slots({ atOnce: 2, waiting: 1 })
  const [first, second] = [await slots.take(), await slots.take()]
  let isThirdIn = false
  const third = slots.take().then((slot) => {
    isThirdIn = true
    return slot
  })
  await assert.rejects(slots.take(), (error) => error instanceof Refused && error.code === 'too-many-requests')
  await new Promise(setImmediate)
  assert.ok(!isThirdIn)
  first[Symbol.dispose]()
  first[Symbol.dispose]()
  const slot = await third
  const waiting = slots.take()
  second[Symbol.dispose]()
  for (const one of [slot, await waiting]) one[Symbol.dispose]()
  for (let n = 0; n < 2; n++) await slots.take()
})
