/** temp */
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { onboard } from '#test/support/devices.ts'
import { openTestStore } from '#test/support/store.ts'
import { bytesOf, openLine } from './mqtt-line.ts'
import { hostileLines } from './mqtt-packets.ts'

test('leak', async (t) => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc')
  await using store = await openTestStore({ mqtt: true })
  const m = await onboard(store)
  const branch = `store/${store.ctx.store.storeId}/machine/${m.machineId}`
  const speaker = { username: m.machineId, password: Buffer.from(m.deviceKey), branch, others: 'store/x/machine/y' }
  for (let r = 0; r < 4; r++) {
    const lines = fc.sample(hostileLines(speaker), { numRuns: 2000, seed: r })
    const pending = lines.entries()
    const work = async () => {
      for (const [, parts] of pending) {
        using line = await openLine(store.mqttUrl!)
        line.send(...parts, bytesOf({ cmd: 'pingreq' }))
        await Promise.race([line.hears('pingresp', 60), line.isCut(60)])
      }
    }
    await Promise.all(Array.from({ length: 25 }, work))
    gc()
    await new Promise((res) => setTimeout(res, 300))
    gc()
    const u = process.memoryUsage()
    t.diagnostic(`${r}: heap ${(u.heapUsed / 1e6).toFixed(1)} ext ${(u.external / 1e6).toFixed(1)} ab ${(u.arrayBuffers / 1e6).toFixed(1)} rss ${(u.rss / 1e6).toFixed(0)}`)
  }
})
