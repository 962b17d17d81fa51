/** The demo: the store in a data folder of its own, and a simulated shop beside it that uses it as real devices would. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { readConfig } from '#server/config.ts'
import type { Context } from '#server/context.ts'
import { addStaff, addToken } from '#server/domain/staff/actions.ts'
import { findFfmpeg } from '#server/platform/ffmpeg.ts'
import { newId, newSecret } from '#server/platform/ids.ts'
import { openHouse } from './house.ts'
import { runUntilStopped, say } from './run.ts'

const SIMULATOR = join(import.meta.dirname, '..', '..', 'simulator', 'main.ts')

await runUntilStopped(async (stopping) => {
  const real = readConfig()
  const logLevel = real.logLevel === 'info' ? 'warn' : real.logLevel
  const config = readConfig(null, { DATA_DIR: `${real.dataDir}-demo`, QR_KEYS_FILE: '', LOG_LEVEL: logLevel })
  say(`niflr-edge-store demo: starting with data in ${config.dataDir}`)
  const house = await openHouse(config, say, stopping)
  say(`ready: ${house.url}/ · API docs at ${house.url}/api/docs · tickets at ${house.url}/api/v1/tickets`)
  const mqttUrl = config.mqttUrl ?? `mqtt://${config.mqttHost}:${house.mqttPort}`
  const { ffmpeg } = await findFfmpeg(config.ffmpegPath)
  const told = ['--base-url', house.url, '--mqtt-url', mqttUrl, '--ffmpeg', ffmpeg?.path ?? 'ffmpeg']
  const shop = spawn(process.execPath, [SIMULATOR, ...told], { stdio: ['pipe', 'inherit', 'inherit'] })
  shop.stdin.end(`${JSON.stringify({ apiToken: await simulatorToken(house.ctx) })}\n`)
  const ended = new Promise<void>((resolve) => shop.once('close', () => resolve()))
  let isStopping = false
  shop.once('close', (code) => isStopping || stopping(`the simulated shop ended by itself (${code})`))
  return async () => {
    isStopping = true
    shop.kill('SIGTERM')
    await ended
    await house.close()
  }
})

/** The simulator is an admin of the demo's store, with a password nobody knows and a token for this run. */
async function simulatorToken(ctx: Context): Promise<string> {
  const actor = { kind: 'system', id: 'system', name: 'demo' } as const
  const username = `simulator-${newId().slice(-6)}`
  const { id } = await addStaff(ctx, actor, { username, role: 'admin', password: newSecret('demo') })
  const expiresAt = new Date(ctx.clock.now().getTime() + 7 * 86_400_000).toISOString()
  return (await addToken(ctx, { kind: 'staff', id, name: username, role: 'admin' }, { name: 'simulated shop', expiresAt })).token
}
