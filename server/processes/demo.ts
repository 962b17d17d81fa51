/** The demo: the store in a data folder of its own, and a simulated shop beside it that uses it as real devices would. */
import { readConfig } from '#server/config.ts'
import type { Actor } from '#server/context.ts'
import { openHouse } from './house.ts'
import { runUntilStopped, say } from './run.ts'

const DEMO: Actor = { kind: 'system', id: 'system', name: 'demo' }

await runUntilStopped(async (stopping) => {
  const real = readConfig()
  const logLevel = real.logLevel === 'info' ? 'warn' : real.logLevel
  const config = readConfig(null, { DATA_DIR: `${real.dataDir}-demo`, QR_KEYS_FILE: '', LOG_LEVEL: logLevel })
  say(`niflr-edge-store demo: starting with data in ${config.dataDir}`)
  const house = await openHouse(config, say, stopping)
  say(`ready: ${house.url}/ · API docs at ${house.url}/api/docs · tickets at ${house.url}/api/v1/tickets`)
  house.shop.whenEnded((why) => stopping(`the simulated shop ended by itself: ${why}`))
  await house.shop.start(DEMO)
  return async () => {
    await house.shop.stop()
    await house.close()
  }
})
