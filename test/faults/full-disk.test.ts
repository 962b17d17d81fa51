/** P6: the disk is full: the store refuses cleanly, loses nothing, and goes on by itself once there is space. */
import assert from 'node:assert/strict'
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkBooks } from './support/books.ts'
import { cannot, mountTmpfs } from './support/mounts.ts'
import { furnish, openShop } from './support/shop.ts'
import { rounds } from './support/sizes.ts'
import { StoreProcess } from './support/store-process.ts'

const DISK_MIB = 224
const RESUMED_WITHIN_MS = 15_000

/** Takes every byte that is left. */
function fill(file: string): void {
  const handle = openSync(file, 'w')
  for (let size = 1 << 20; size >= 4096; size /= 2) {
    try {
      for (;;) if (writeSync(handle, Buffer.alloc(size)) < size) break
    } catch {} // not even that much is left: try less
  }
  closeSync(handle)
}

test('a full disk is refused cleanly, loses nothing acknowledged, and is forgotten once there is space', { skip: cannot('mount a tmpfs') }, async (t) => {
  using disk = mountTmpfs(DISK_MIB)
  await using store = new StoreProcess({ dataDir: join(disk.path, 'data'), env: { MACHINE_SESSION_SECONDS: '5' } })
  await store.start()
  await using shop = openShop(store, await furnish(store))
  await shop.served()
  const filler = join(disk.path, 'video')
  const times = rounds(3, 20)
  let worstMs = 0
  for (let round = 0; round < times; round++) {
    fill(filler)
    await sleep(4000)
    assert(store.isRunning, `the server ended: ${store.lines.slice(-10).join('\n')}`)
    t.diagnostic(`full: ${statfsSync(disk.path).bavail * 4} KiB free, ${JSON.stringify(Object.fromEntries(shop.ledger.answers))}`)
    rmSync(filler)
    const freedMs = performance.now()
    await shop.served(2)
    worstMs = Math.max(worstMs, performance.now() - freedMs)
  }
  await shop.close()
  const found = await checkBooks(store, shop.ledger)
  t.diagnostic(`${times} times full, ${found} acknowledged, 0 lost; resumed within ${(worstMs / 1000).toFixed(1)} s of space`)
  t.diagnostic(JSON.stringify(Object.fromEntries(shop.ledger.answers)))
  if (process.env.KEEP) console.log(store.lines.join('\n'))
  assert(worstMs <= RESUMED_WITHIN_MS, `resumed after ${Math.round(worstMs)} ms`)
})
