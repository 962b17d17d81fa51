/** What every server process is made of: all doors of one store, opened in order and closed in reverse. */
import { join } from 'node:path'
import { type Config, ConfigError } from '#server/config.ts'
import { openContext } from '#server/context.ts'
import { machineByKey, openShelves } from '#server/domain/iot/actions.ts'
import { ensureFirstAdmin } from '#server/domain/staff/actions.ts'
import { loadScannerKeys, loadTrackerKeys, scannerByKey, trackerByKey } from '#server/domain/user/actions.ts'
import { buildHttp } from '#server/http/app.ts'
import { simulatedShop } from '#server/http/simulated-shop.ts'
import { deviceDoor } from '#server/ingest/http.ts'
import { openMqtt } from '#server/ingest/mqtt.ts'
import { startJobs } from '#server/jobs/index.ts'
import { live } from '#server/live/index.ts'
import { Invalid } from '#server/platform/errors.ts'
import { LogFile } from '#server/platform/log-file.ts'
import { openLogger } from '#server/platform/logger.ts'
import { becomeSingleOwner } from '#server/platform/single-owner.ts'
import { startRecorder } from '#server/recorder/index.ts'
import { startUploader } from '#server/upload/index.ts'
import { startWebhooks } from '#server/webhooks/index.ts'
import { registerFigures } from './figures.ts'
import { inUse } from './ports.ts'
import { readiness } from './readiness.ts'
import { SimulatedShop } from './simulated-shop.ts'

export type Say = (line: string) => void

/** Opens the whole store. Resolves once sign-in, doors and ingest work. */
export async function openHouse(config: Config, say: Say, onLost: (why: string) => void) {
  await using stack = new AsyncDisposableStack()
  const log = openLogger(config.logLevel)
  const { ctx, urls, close } = await openContext(config, { log, progress: say })
  stack.defer(close)
  stack.defer(
    await becomeSingleOwner(urls.app, { name: 'niflr', onLost: () => onLost('another server took over this database') })
  )
  stack.defer(await openShelves(ctx))
  await loadScannerKeys(ctx)
  await loadTrackerKeys(ctx)
  registerFigures(ctx)
  const first = await ensureFirstAdmin(ctx).catch((error) => {
    throw error instanceof Invalid ? new ConfigError(`setting SUPERUSER_PASSWORD: ${error.message}`) : error
  })
  // at once: a start that fails further on, at a port that is taken say, has made the account all the same
  if (first && !config.superuserPassword)
    say(`first start: sign in as "${first.username}" with password ${first.password} (shown this once)`)
  const heartbeats = new LogFile({
    path: join(config.dataDir, 'logs', 'heartbeat.log'),
    onError: (err) => log.warn({ err }, 'heartbeat.log cannot be written')
  })
  stack.defer(() => heartbeats.close())
  ctx.metrics.gauge('niflr_heartbeat_log_dropped_lines', 'Lines that heartbeat.log had no space for', () => heartbeats.dropped)
  const mqtt = await openMqtt(ctx, heartbeats).catch((error) => inUse(error, 'MQTT_PORT', config.mqttPort))
  stack.defer(mqtt.stop)
  const doors = {
    machine: (key: string | null) => (key === null ? {} : machineByKey(ctx, key)),
    scanner: (key: string | null) => (key === null ? null : scannerByKey(ctx, key)),
    tracker: (key: string | null) => (key === null ? null : trackerByKey(ctx, key))
  }
  const recorder = startRecorder(ctx)
  stack.defer(() => recorder.stop())
  const uploader = startUploader(ctx)
  stack.defer(() => uploader.stop())
  const webhooks = startWebhooks(ctx)
  stack.defer(() => webhooks.stop())
  let url = ''
  const shop = new SimulatedShop(ctx, () => ({ url, mqttUrl: config.mqttUrl ?? `mqtt://${config.mqttHost}:${mqtt.port}` }))
  const app = await buildHttp(ctx, {
    ...doors,
    ready: readiness(ctx, mqtt, [recorder, uploader]),
    ...deviceDoor(ctx, heartbeats),
    apiRoutes: [live, simulatedShop(shop)]
  })
  stack.defer(() => app.close())
  url = await app.listen({ host: config.host, port: config.port }).catch((error) => inUse(error, 'PORT', config.port))
  stack.defer(() => shop.stop())
  const jobs = await startJobs(ctx)
  stack.defer(() => jobs.stop())
  const resources = stack.move()
  return { ctx, app, url, shop, mqttPort: mqtt.port, close: () => resources.disposeAsync() }
}
