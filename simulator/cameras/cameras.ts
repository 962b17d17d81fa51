/** The fake shop's cameras: one looks at each place of the floor plan, and all are served over RTSP. */
import { setTimeout as delay, setImmediate } from 'node:timers/promises'
import { PaintedSource } from '#simulator/rtsp/painted-source.ts'
import { openRtspServer, type RtspServer } from '#simulator/rtsp/server.ts'
import { alongside } from '#simulator/sights.ts'
import type { Story } from '#simulator/story.ts'
import { aisleMotif } from './aisle-view.ts'
import { doorMotif } from './door-view.ts'
import type { Goods } from './figures.ts'
import { HEIGHT, openFloorPlan, type Place, WIDTH } from './floor-plan.ts'
import { looksOf } from './palette.ts'
import { Scene } from './scene.ts'
import { openView } from './view.ts'

export const FPS = 10
const AGAIN_MS = 2000

/** What a store has to know to record it. */
export type MountedCamera = { name: string; tag: 'ENTRY' | 'EXIT' | 'IN_STORE'; streamUrl: string; machineIds: string[] }
export type Cameras = { mounted: MountedCamera[]; server: RtspServer; sources: PaintedSource[]; close(): Promise<void> }
export type CameraOptions = {
  story: Story
  /** The program that encodes. */
  ffmpeg: string
  say: (line: string) => void
  /** Only these places; all of them by default. */
  placeIds?: string[]
  /** Closes them, also while they are being opened. */
  signal?: AbortSignal
}

/** Resolves once every camera has shown its first picture. Throws an Error with ffmpeg's words when it cannot encode. */
export async function openCameras({ story, ffmpeg, say, placeIds, signal }: CameraOptions): Promise<Cameras> {
  const { machines, products } = story.scenario
  const plan = openFloorPlan(machines)
  const scene = new Scene(plan, story.stage.machines)
  story.stage.witness = alongside(story.stage.witness, (sight) => scene.witness(sight))
  const goods: Goods = {
    looks: looksOf(products.map(({ sku }) => sku)),
    names: new Map(products.map(({ sku, name }) => [sku, name]))
  }
  const places = plan.filter(({ id }) => !placeIds || placeIds.includes(id))
  const sources: PaintedSource[] = []
  for (const place of places) {
    const motif = place.kind === 'aisle' ? aisleMotif(place, goods) : doorMotif(place, goods)
    const paint = openView({ title: nameOf(place), motif, scene, storyMs: (atMs) => atMs - story.stage.startMs })
    sources.push(new PaintedSource({ width: WIDTH, height: HEIGHT, fps: FPS, ffmpeg, paint }))
    await setImmediate()
  }
  const server = await openRtspServer({ port: 0 })
  const stopping = new AbortController()
  const publish = async (n: number): Promise<void> => {
    const name = nameOf(places[n]!)
    await server.publish(pathOf(places[n]!), sources[n]!, { name, onEnded: (reason) => void publishAgain(n, reason) })
  }
  const publishAgain = async (n: number, reason: string): Promise<void> => {
    if (stopping.signal.aborted) return
    say(`the camera ${nameOf(places[n]!)} starts again: ${reason}`)
    await server.unpublish(pathOf(places[n]!))
    await delay(AGAIN_MS, undefined, { signal: stopping.signal }).catch(() => undefined)
    if (stopping.signal.aborted) return
    const back = () => say(`the camera ${nameOf(places[n]!)} is back`)
    await publish(n).then(back, (error: Error) => publishAgain(n, error.message))
  }
  const close = async () => {
    stopping.abort()
    await server.close()
  }
  signal?.addEventListener('abort', () => void close())
  if (signal?.aborted) await close()
  await Promise.all(places.map((_, n) => publish(n))).catch(async (error: Error) => {
    await close()
    throw error
  })
  const mounted = places.map((place) => ({ ...facts(place), streamUrl: server.url(pathOf(place)) }))
  return { mounted, server, sources, close }
}

const pathOf = ({ id }: Place) => `/${id}`
const nameOf = ({ id, kind }: Place) => (kind === 'aisle' ? id.replace('aisle-', 'Aisle ') : kind === 'entry' ? 'Entry' : 'Exit')
const TAGS = { entry: 'ENTRY', exit: 'EXIT', aisle: 'IN_STORE' } as const
const facts = (place: Place) => ({
  name: nameOf(place),
  tag: TAGS[place.kind],
  machineIds: place.machines.map(({ spec }) => spec.machineId)
})
