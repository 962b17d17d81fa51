/** The store's server: all doors in one process, the edge default. */
import { readConfig } from '#server/config.ts'
import { openHouse } from './house.ts'
import { runUntilStopped, say } from './run.ts'

await runUntilStopped(async (stopping) => {
  const startedMs = performance.now()
  const config = readConfig()
  say(`niflr-edge-store: starting with data in ${config.dataDir}`)
  const house = await openHouse(config, say, stopping)
  if (house.mqttPort !== null) say(`devices over MQTT: ${config.mqttHost}:${house.mqttPort}`)
  say(`ready in ${((performance.now() - startedMs) / 1000).toFixed(1)} s: ${house.url}/ · API docs at ${house.url}/api/docs`)
  return house.close
})
