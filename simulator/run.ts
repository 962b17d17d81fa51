/** Starts a simulated shop against a running store: onboarding, then its story played by the wall clock. */

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { type Credentials, StaffApi } from './api.ts'
import { type Cameras, openCameras } from './cameras/cameras.ts'
import { onboardCameras } from './cameras/onboarding.ts'
import { sendHome } from './leftovers.ts'
import { type Onboarded, onboard } from './onboarding.ts'
import { scenarioNamed } from './scenarios/index.ts'
import { Shop } from './shop.ts'
import { Story } from './story.ts'
import type { Truth } from './truth.ts'

export type SimulatedShopOptions = {
  baseUrl: string
  mqttUrl: string
  credentials: Credentials
  scenario: string
  seed: string | number
  shoppers?: number
  seconds?: number
  say: (line: string) => void
  /** The ffmpeg that encodes the cameras' pictures; without it the shop has no cameras. */
  ffmpeg?: string
  /** One JSON line per thing that really happened. */
  truthFile?: string
}
export type SimulatedShop = { truth: Truth; onboarded: Onboarded; finished(): Promise<void>; stop(): Promise<void> }

/** Resolves once the shop is open. Throws ApiError when the store refuses the onboarding. */
export async function startSimulatedShop(options: SimulatedShopOptions): Promise<SimulatedShop> {
  const { baseUrl, mqttUrl, seed, say } = options
  const api = new StaffApi(baseUrl)
  await api.signIn(options.credentials)
  const scenario = scenarioNamed(options.scenario)
  const onboarded = await onboard(api, scenario)
  say(
    `the shop is mounted: ${scenario.machines.length} machines, ${scenario.scanners.length} scanners, ${scenario.products.length} products`
  )
  await sendHome(api, { baseUrl, onboarded, say })
  const { shoppers, seconds } = options
  const asked = { ...(shoppers !== undefined && { shoppers }), ...(seconds !== undefined && { seconds }) }
  const story = new Story({
    scenario,
    seed,
    start: new Date(),
    storeId: onboarded.storeId,
    sign: onboarded.key.sign,
    say,
    ...asked
  })
  story.truth.knowProducts(onboarded.products)
  const truthFile = options.truthFile ? createWriteStream(options.truthFile, { flags: 'a' }) : null
  story.truth.onRecord = (record) => void truthFile?.write(`${JSON.stringify(record)}\n`)
  const closing = new AbortController()
  const cameras = options.ffmpeg ? mountCameras(api, { story, ffmpeg: options.ffmpeg, say, signal: closing.signal }) : null
  const shop = new Shop({ baseUrl, mqttUrl, onboarded, story, api, say })
  await shop.start()
  return {
    truth: shop.truth,
    onboarded,
    finished: () => shop.finished(),
    async stop() {
      await shop.stop()
      closing.abort()
      await (await cameras)?.close()
      if (truthFile) await once(truthFile.end(), 'finish')
    }
  }
}

/** A shop opens without waiting for its cameras, and stays open when they cannot be mounted. */
async function mountCameras(
  api: StaffApi,
  { story, ffmpeg, say, signal }: { story: Story; ffmpeg: string; say: (line: string) => void; signal: AbortSignal }
): Promise<Cameras | null> {
  let cameras: Cameras
  try {
    cameras = await openCameras({ story, ffmpeg, say, signal })
  } catch (error) {
    if (signal.aborted) return null
    say(`no cameras: ${(error as Error).message} (cameras need ffmpeg: apt install ffmpeg, or FFMPEG_PATH)`)
    return null
  }
  for (const { name, streamUrl } of cameras.mounted) say(`camera ${name}: ${streamUrl}`)
  await onboardCameras(api, cameras.mounted).catch((error: Error) => say(`the store does not take the cameras: ${error.message}`))
  return cameras
}
