/** The fake shop as a process: `node simulator/main.ts --base-url URL --mqtt-url URL [--scenario demo] [--seed 1]`, with credentials as JSON on standard input. */
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import type { Credentials } from './api.ts'
import { startSimulatedShop } from './run.ts'

const USAGE = `node simulator/main.ts --base-url http://127.0.0.1:8000 --mqtt-url mqtt://127.0.0.1:1883
  --scenario NAME   quiet-morning, two-at-once, busy-hour, refill-trip or demo (the default)
  --seed TEXT       the same seed, the same story (default 1)
  --ffmpeg PATH     mounts cameras whose pictures this ffmpeg encodes
  --shoppers N      --seconds N      --truth FILE (what really happened, as JSON lines)
Standard input: one line, {"apiToken":"…"} or {"username":"…","password":"…"} of an admin.
`
const ORPHAN_CHECK_MS = 1000

const say = (line: string) => void process.stdout.write(`${new Date().toISOString().slice(11, 19)}  ${line}\n`)

async function readCredentials(): Promise<Credentials> {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdin.unref?.()
    return JSON.parse(line) as Credentials
  }
  throw new Error('no credentials on standard input')
}

/** Resolves on SIGTERM, SIGINT, or when the parent process is gone: an orphan would shop for ever. */
function asked(): Promise<void> {
  const { ppid } = process
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
    setInterval(() => process.ppid !== ppid && resolve(), ORPHAN_CHECK_MS).unref()
  })
}

async function main(): Promise<void> {
  const text = { type: 'string' } as const
  const options = {
    'base-url': text,
    'mqtt-url': text,
    scenario: text,
    seed: text,
    shoppers: text,
    seconds: text,
    truth: text,
    ffmpeg: text,
    help: { type: 'boolean' }
  } as const
  const { values } = parseArgs({ options })
  const { 'base-url': baseUrl, 'mqtt-url': mqttUrl, scenario = 'demo', seed = '1', shoppers, seconds, truth } = values
  if (values.help || !baseUrl || !mqttUrl) return void process.stderr.write(USAGE)
  const stop = asked()
  const starting = startSimulatedShop({
    ...{ baseUrl, mqttUrl, scenario, seed, say, credentials: await readCredentials() },
    ...(shoppers && { shoppers: Number(shoppers) }),
    ...(seconds && { seconds: Number(seconds) }),
    ...(truth && { truthFile: truth }),
    ...(values.ffmpeg && { ffmpeg: values.ffmpeg })
  })
  const shop = await Promise.race([stop, starting])
  if (!shop) return
  await Promise.race([stop, shop.finished()])
  await shop.stop()
}

try {
  await main()
  process.exit(0)
} catch (error) {
  process.stderr.write(`the simulated shop stops: ${(error as Error).message}\n`)
  process.exit(1)
}
