/** A store for tests: everything but the timetable, over a database of its own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '#server/config.ts'
import { openContext } from '#server/context.ts'
import { machineByKey, openShelves } from '#server/domain/iot/actions.ts'
import { loadScannerKeys, loadTrackerKeys, scannerByKey, trackerByKey } from '#server/domain/user/actions.ts'
import { deviceDoor } from '#server/ingest/http.ts'
import { openMqtt } from '#server/ingest/mqtt.ts'
import { drainJobs } from '#server/jobs/index.ts'
import { live } from '#server/live/index.ts'
import type { Clock } from '#server/platform/clock.ts'
import { LogFile } from '#server/platform/log-file.ts'
import { openLogger } from '#server/platform/logger.ts'
import { openTestDatabase } from './database.ts'
import { type Caller, openHttp, staffCaller } from './http.ts'

export type TestStoreOptions = {
  env?: Record<string, string>
  clock?: Clock
  /** Open the MQTT broker too, on any free port. */
  mqtt?: boolean
  /** Work on this data folder and database, as a restart does. */
  on?: { dataDir: string; databaseUrl: string }
}

/** Opens the store; disposal closes it and removes what it made (not what it was given with `on`). */
export async function openTestStore({ env = {}, clock, mqtt = false, on }: TestStoreOptions = {}) {
  await using stack = new AsyncDisposableStack()
  const database = on ? null : stack.use(await openTestDatabase())
  const dataDir = on?.dataDir ?? mkdtempSync(join(tmpdir(), 'niflr-store-'))
  if (!on) stack.defer(() => rmSync(dataDir, { recursive: true, force: true }))
  const databaseUrl = on?.databaseUrl ?? database!.ownerUrl
  const config = readConfig({ DATA_DIR: dataDir, DATABASE_URL: databaseUrl, MQTT_PORT: '0', TIME_ZONE: 'Asia/Kolkata', ...env })
  const { ctx, close } = await openContext(config, {
    log: openLogger(env.LOG_LEVEL ?? 'fatal'),
    name: 'niflr-test',
    ...(clock && { clock })
  })
  stack.defer(close)
  stack.defer(await openShelves(ctx))
  await loadScannerKeys(ctx)
  await loadTrackerKeys(ctx)
  const heartbeatLog = new LogFile({ path: join(dataDir, 'logs', 'heartbeat.log') })
  stack.defer(() => heartbeatLog.close())
  const broker = mqtt ? await openMqtt(ctx, heartbeatLog) : null
  if (broker) stack.defer(broker.stop)
  const app = await openHttp(ctx, {
    machine: (key) => (key === null ? {} : machineByKey(ctx, key)),
    scanner: (key) => (key === null ? null : scannerByKey(ctx, key)),
    tracker: (key) => (key === null ? null : trackerByKey(ctx, key)),
    ...deviceDoor(ctx, heartbeatLog),
    apiRoutes: [live]
  })
  stack.defer(() => app.close())
  const admin: Caller = await staffCaller(ctx, app, 'admin')
  const resources = stack.move()
  return {
    ctx,
    app,
    admin,
    dataDir,
    databaseUrl,
    mqttUrl: broker && `mqtt://127.0.0.1:${broker.port}`,
    drain: () => drainJobs(ctx),
    [Symbol.asyncDispose]: () => resources.disposeAsync()
  }
}
export type TestStore = Awaited<ReturnType<typeof openTestStore>>
