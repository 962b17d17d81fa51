/** The two logs on disk: each heartbeat as it came, each version of each weight change; cut by size, compressed, bounded, never in the way. */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { LogFile } from '#server/platform/log-file.ts'
import { changesOf, httpMachine, mqttDevice, onboard, rowsOf, until } from '#test/support/devices.ts'
import { handClock } from '#test/support/http.ts'
import { openTestStore } from '#test/support/store.ts'

const linesOf = (path: string) =>
  (existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').filter(Boolean) : []).map((line) => JSON.parse(line))

test('heartbeat.log has each heartbeat that was taken, as it came, over HTTP and MQTT; nothing that was refused', async () => {
  const clock = handClock()
  await using store = await openTestStore({ clock, mqtt: true })
  const known = await onboard(store)
  const path = join(store.dataDir, 'logs', 'heartbeat.log')
  const plain = { machineId: known.machineId, scales: rowsOf({ '001': 1000 }), extra: 'kept — as it came' }
  const envelope = { id: 'x', eventTime: '2023-01-09 16:18:13', payload: JSON.stringify(plain) }
  const receivedAt = clock.now().toISOString()
  await httpMachine(store, known).post(plain)
  await httpMachine(store, known).post(envelope)
  await httpMachine(store, known).post(JSON.stringify(plain, null, 2), { 'content-type': 'application/json' })
  await httpMachine(store, known).post({ ...plain, scales: [] })
  await using device = await mqttDevice(store, known)
  await device.say('heartbeat', plain)
  await device.say('heartbeat', JSON.stringify(plain).replaceAll(',', ',\r\n'))
  await device.say('heartbeat', '{')
  const lines = await until(() => (linesOf(path).length >= 5 ? linesOf(path) : null), 'the lines are written')
  assert.deepEqual(
    lines,
    [plain, envelope, plain, plain, plain].map((body) => ({ receivedAt, body }))
  )
})

test('weight.log has a line for each version of each change, with its times', async () => {
  const clock = handClock()
  await using store = await openTestStore({ clock, mqtt: true })
  const known = await onboard(store)
  const { machineId } = known
  const path = join(store.dataDir, 'logs', 'weight.log')
  await using device = await mqttDevice(store, known)
  const times: string[] = []
  for (const grams of [1000, 700, 702, 400, 702]) {
    times.push(clock.now().toISOString())
    await device.beat({ '001': grams })
    clock.forward(1000)
  }
  await device.say('change', { id: 'x', scaleId: '001', grams: 50 })
  const lines = await until(() => (linesOf(path).length >= 5 ? linesOf(path) : null), 'the lines are written')
  const [first] = await changesOf(store, machineId)
  const of = { machineId, scaleId: '001', foundLate: false }
  const weights = (grams: number, before: number, after: number) => ({
    status: grams < 0 ? 'PICKED' : 'PLACED',
    grams: Math.abs(grams),
    weightBefore: before,
    weightAfter: after
  })
  const at = (occurred: number, received: number) => ({
    source: 'heartbeat',
    occurredAt: times[occurred],
    receivedAt: times[received]
  })
  const [, , third, , last] = lines
  assert.deepEqual(lines.slice(0, 4), [
    { ...of, id: first!.id, version: 1, ...weights(-300, 1000, 700), settled: false, ...at(1, 1) },
    { ...of, id: first!.id, version: 2, ...weights(-298, 1000, 702), settled: true, ...at(1, 2) },
    { ...of, id: third.id, version: 1, ...weights(-302, 702, 400), settled: false, ...at(3, 3) },
    { ...of, id: third.id, version: 2, withdrawn: true, settled: true, ...at(3, 4) }
  ])
  const now = clock.now().toISOString()
  assert.deepEqual(last, {
    ...of,
    id: last.id,
    version: 1,
    ...weights(50, 702, 752),
    settled: true,
    source: 'device',
    occurredAt: now,
    receivedAt: now
  })
})

// ── the log file itself ──────────────────────────────────────────────────────────────────────────────────────────────

function openFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'niflr-log-'))
  return { folder, path: join(folder, 'a.log'), [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}
/** Every line that is still there, oldest first. */
function linesIn(folder: string): string[] {
  const parts = readdirSync(folder)
    .map((name) => /^a\.log\.(\d+)\.gz$/.exec(name)?.[1])
    .filter((number) => number !== undefined)
    .map(Number)
    .toSorted((a, b) => b - a)
  const texts = parts.map((number) => gunzipSync(readFileSync(join(folder, `a.log.${number}.gz`))).toString())
  if (existsSync(join(folder, 'a.log'))) texts.push(readFileSync(join(folder, 'a.log'), 'utf8'))
  return texts.join('').trim().split('\n')
}

test('a log is cut by size, its parts compressed, only so many kept, and no line lost between them', async () => {
  using at = openFolder()
  const line = (n: number) => `${n} ${'x'.repeat(1000)}`
  for (let start = 0; start < 600; start += 200) {
    const log = new LogFile({ path: at.path, maxBytes: 100_000, keep: 20 })
    for (let n = start; n < start + 200; n++) log.write(line(n))
    await log.close()
  }
  assert.deepEqual(
    linesIn(at.folder),
    Array.from({ length: 600 }, (_, n) => line(n))
  )
  const log = new LogFile({ path: at.path, maxBytes: 100_000, keep: 3 })
  for (let n = 600; n < 1500; n++) log.write(line(n))
  await log.close()
  assert.deepEqual(readdirSync(at.folder).toSorted(), ['a.log', 'a.log.1.gz', 'a.log.2.gz', 'a.log.3.gz'])
  const kept = linesIn(at.folder)
  assert.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, n) => line(1500 - kept.length + n))
  )
})

test('one line larger than a part, in a file that is not there yet, is no harm', async () => {
  using at = openFolder()
  const log = new LogFile({ path: at.path, maxBytes: 1000, keep: 3 })
  log.write('x'.repeat(100_000))
  log.write('after')
  await log.close()
  assert.deepEqual(linesIn(at.folder), ['x'.repeat(100_000), 'after'])
})

test('what a death in mid-rotation left behind is taken up, so that the log stays bounded', async () => {
  using at = openFolder()
  for (const [n, name] of ['a.log.rotating-1', 'a.log.rotating-2'].entries()) writeFileSync(join(at.folder, name), `left ${n}\n`)
  const log = new LogFile({ path: at.path, maxBytes: 1000, keep: 5 })
  log.write('new')
  await log.close()
  assert.deepEqual(linesIn(at.folder), ['left 0', 'left 1', 'new'])
  assert.ok(!readdirSync(at.folder).some((name) => name.includes('rotating')))
})

test('a log that cannot be written says so once in a while, and neither throws nor stops the work', async () => {
  using at = openFolder()
  mkdirSync(at.path)
  const errors: unknown[] = []
  const log = new LogFile({ path: at.path, maxBytes: 1000, onError: (error) => errors.push(error) })
  for (let n = 0; n < 500; n++) log.write('x'.repeat(1000))
  await until(() => errors.length > 0, 'the error is told')
  await log.close()
  const beyond = new LogFile({ path: join(at.folder, 'file', 'a.log'), onError: (error) => errors.push(error) })
  writeFileSync(join(at.folder, 'file'), '')
  const before = errors.length
  for (let n = 0; n < 500; n++) beyond.write('x'.repeat(1000))
  await until(() => errors.length > before, 'the error is told')
  await beyond.close()
  assert.ok(errors.length < 30, `${errors.length} errors`)
})

test('a log that could not be written goes on by itself when it can', async () => {
  using at = openFolder()
  const errors: unknown[] = []
  mkdirSync(at.path)
  const log = new LogFile({ path: at.path, onError: (error) => errors.push(error) })
  log.write('lost')
  await until(() => errors.length > 0, 'the error is told')
  chmodSync(at.path, 0o755)
  rmSync(at.path, { recursive: true })
  log.write('back')
  await until(() => existsSync(at.path) && readFileSync(at.path, 'utf8').includes('back'), 'the log is written again')
  await log.close()
})
