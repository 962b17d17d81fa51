/** P6: the disk is full: the store refuses cleanly, loses nothing, and goes on by itself once there is space. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { LogFile } from '#server/platform/log-file.ts'
import { until } from '#test/support/devices.ts'
import { checkBooks } from './support/books.ts'
import { cannot, mountTmpfs } from './support/mounts.ts'
import { furnish, openShop } from './support/shop.ts'
import { rounds } from './support/sizes.ts'
import { StoreProcess } from './support/store-process.ts'

const MIB = 1 << 20
const DISK_MIB = 224
const NO_TMPFS = cannot('mount a tmpfs')
const RESUMED_WITHIN_MS = 15_000

/** Takes every byte that is left, but for `spareMib`. */
function fill(file: string, spareMib = 0): void {
  const handle = openSync(file, 'w')
  for (let size = MIB; size >= 4096; size /= 2) {
    try {
      for (;;) if (writeSync(handle, Buffer.alloc(size)) < size) break
    } catch {} // not even that much is left: try less
  }
  ftruncateSync(handle, fstatSync(handle).size - spareMib * MIB)
  closeSync(handle)
}

test('a full disk is refused cleanly, loses nothing acknowledged, and is forgotten once there is space', {
  skip: NO_TMPFS
}, async (t) => {
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
    if (round % 2 === 1) await endWalSegment(store)
    await sleep(3000)
    assert(store.isRunning, `the server ended: ${store.lines.slice(-10).join('\n')}`)
    rmSync(filler)
    const freedMs = performance.now()
    await shop.served(2)
    worstMs = Math.max(worstMs, performance.now() - freedMs)
  }
  await shop.close()
  const found = await checkBooks(store, shop.ledger)
  t.diagnostic(`${times} times full, ${found} acknowledged, 0 lost; resumed within ${(worstMs / 1000).toFixed(1)} s of space`)
  t.diagnostic(JSON.stringify(Object.fromEntries(shop.ledger.answers)))
  const refusals = (shop.ledger.answers.get('heartbeat 507') ?? 0) + (shop.ledger.answers.get('heartbeat 503') ?? 0)
  assert(refusals > 0, 'the disk was never full enough')
  assert(worstMs <= RESUMED_WITHIN_MS, `resumed after ${Math.round(worstMs)} ms`)
})

/** The next commit needs a new segment, for which there is no space: PostgreSQL gives up and is started again until there is. */
async function endWalSegment(store: StoreProcess): Promise<void> {
  await using db = await store.database()
  await db.query('SELECT pg_switch_wal()').catch(() => {})
}

/** Less than a tenth of the disk: no log may take more, though the database may. */
const SPARE_MIB = 36

test('on a disk that is nearly full the logs stop, and the database has the rest to itself', { skip: NO_TMPFS }, async () => {
  using disk = mountTmpfs(400)
  await using store = new StoreProcess({ dataDir: join(disk.path, 'data') })
  await store.start()
  await using shop = openShop(store, await furnish(store))
  await shop.served()
  const sizes = () =>
    ['heartbeat.log', 'weight.log']
      .map((name) => statSync(join(store.dataDir, 'logs', name), { throwIfNoEntry: false })?.size)
      .join()
  const grows = async () => {
    const before = sizes()
    await shop.served(3)
    return sizes() !== before
  }
  await until(grows, 'the logs grow', 20_000)
  const { bavail, bsize } = statfsSync(disk.path)
  const filler = join(disk.path, 'video')
  execFileSync('fallocate', ['-l', String(bavail * bsize - SPARE_MIB * MIB), filler])
  await until(async () => !(await grows()), 'the logs stop', 20_000)
  const [stopped, known] = [sizes(), shop.ledger.size]
  await shop.acknowledged(300)
  assert.equal(sizes(), stopped, 'a log took of what is spared for the database')
  rmSync(filler)
  await until(grows, 'the logs go on', 20_000)
  await shop.close()
  assert((await checkBooks(store, shop.ledger)) >= known + 300)
  const refused = [...shop.ledger.answers.keys()].filter((answer) => !/ (200|403)$/.test(answer))
  assert.deepEqual(refused, [], 'the database had room')
})

test('a log leaves the last of the disk to the database, and goes on when there is space', { skip: NO_TMPFS }, async () => {
  using disk = mountTmpfs(64)
  const errors: unknown[] = []
  const path = join(disk.path, 'heartbeat.log')
  const log = new LogFile({ path, onError: (error) => errors.push(error) })
  fill(join(disk.path, 'video'), 5)
  for (let n = 0; n < 100; n++) {
    log.write('no room')
    await sleep(10)
  }
  assert.deepEqual([log.dropped > 50, errors.length], [true, 1], String(errors))
  rmSync(join(disk.path, 'video'))
  await until(() => {
    log.write('room')
    return existsSync(path)
  }, 'the log goes on')
  await log.close()
  assert.match(readFileSync(path, 'utf8'), /^(no room\n)*(room\n)+$/)
})
