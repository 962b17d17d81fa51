/** What do simulated cameras cost? Painting and serving in one Node process, one encoder per camera, each watched by one client; in a busy shop, by the processes' own CPU time. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { type Cameras, FPS, openCameras } from '#simulator/cameras/cameras.ts'
import { type Story, simulateStory } from '#simulator/story.ts'
import { FFMPEG, withoutFfmpeg } from '#test/support/ffmpeg.ts'
import { cpuMs } from './cpu.ts'
import type { Bench, Row } from './table.ts'

const SECONDS = 30
const WARM_UP_MS = 6000
const CAMERAS: Record<string, string[]> = {
  '3 cameras': ['entry', 'aisle-1', 'aisle-2'],
  '4 cameras, as in the demo': ['entry', 'aisle-1', 'aisle-2', 'exit']
}

export const simcam: Bench = {
  name: 'simcam',
  does: `simulated cameras, 1280×720 at ${FPS} pictures per second, one client each, ${SECONDS} s of a busy shop`,
  async run({ say }): Promise<Row[]> {
    if (withoutFfmpeg) {
      say(`skipped: ${withoutFfmpeg}`)
      return []
    }
    const rows: Row[] = []
    for (const [name, placeIds] of Object.entries(CAMERAS)) rows.push({ name, values: await measure(placeIds, say) })
    return rows
  }
}

async function measure(placeIds: string[], say: (line: string) => void): Promise<Row['values']> {
  await using stack = new AsyncDisposableStack()
  const story = simulateStory({ seed: 1, scenario: 'busy-hour', shoppers: 80, seconds: 300, start: new Date() })
  const cameras = await openCameras({ story, ffmpeg: FFMPEG, say, placeIds })
  stack.defer(() => cameras.close())
  const stopping = new AbortController()
  const played = play(story, stopping.signal)
  stack.defer(async () => {
    stopping.abort()
    await played
  })
  const clients = cameras.mounted.map(({ streamUrl }) => watch(streamUrl))
  stack.defer(() => {
    for (const client of clients) client.kill('SIGKILL')
  })
  await delay(WARM_UP_MS)
  const encoders = cameras.sources.map(({ encoderPid }) => encoderPid!)
  const [fromMs, node, ffmpeg, before] = [Date.now(), process.cpuUsage(), cpuMs(encoders), made(cameras)]
  await delay(SECONDS * 1000)
  const seconds = (Date.now() - fromMs) / 1000
  const { user, system } = process.cpuUsage(node)
  const painting = (user + system) / 10_000 / seconds
  const now = made(cameras)
  const encoding = (cpuMs(encoders) - ffmpeg) / 10 / seconds
  return {
    'painting and serving, % of a core': round(painting),
    'encoding, %': round(encoding),
    'together, %': round(painting + encoding),
    'pictures/s per camera': round((now.pictures - before.pictures) / seconds / placeIds.length),
    'kbit/s per camera': Math.round(((now.bytes - before.bytes) * 8) / 1000 / seconds / placeIds.length),
    'MB per encoder': Math.round(sum(encoders.map(residentMb)) / encoders.length)
  }
}

function made({ mounted, server }: Cameras): { pictures: number; bytes: number } {
  const each = mounted.map(({ streamUrl }) => server.made(new URL(streamUrl).pathname))
  return { pictures: sum(each.map(({ pictures }) => pictures)), bytes: sum(each.map(({ bytes }) => bytes)) }
}

/** The story by the wall clock, without a store: everybody is let in and out. */
async function play(story: Story, signal: AbortSignal): Promise<void> {
  for await (const message of story) {
    await delay(Math.max(0, message.at.getTime() - Date.now()), undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    if (message.kind === 'scan') story.hearDoor(message, { visitId: message.visitKey })
  }
}

const watch = (url: string): ChildProcess =>
  spawn(FFMPEG, ['-v', 'error', '-nostdin', '-rtsp_transport', 'tcp', '-i', url, '-c', 'copy', '-f', 'null', '-'], {
    stdio: 'ignore'
  })

const residentMb = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024
const sum = (values: number[]): number => values.reduce((all, value) => all + value, 0)
const round = (value: number) => Math.round(value * 10) / 10
