/** What do recorders cost? The real server with eight cameras at 1080p: their CPU time and memory, what they recorded, and gaps. */
import { execFileSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { durationMs, readingFrom, readMp4 } from '#server/platform/mp4.ts'
import { fileSource } from '#simulator/rtsp/ffmpeg-source.ts'
import { openRtspServer } from '#simulator/rtsp/server.ts'
import { FFMPEG, withoutFfmpeg } from '#test/support/ffmpeg.ts'
import { cpuMs } from './cpu.ts'
import { startRealServer } from './real-server.ts'
import type { Bench, BenchTools, Row } from './table.ts'

const CAMERAS = 8
const FPS = 15
const SECONDS = 600
const WARM_UP_MS = 15_000
const CLIP_SECONDS = '60'

export const recorders: Bench = {
  name: 'recorders',
  does: `${CAMERAS} cameras, 1920×1080 at ${FPS} pictures per second and 2 Mbit/s, recorded for ten minutes`,
  async run(tools): Promise<Row[]> {
    if (!withoutFfmpeg) return measure(tools)
    tools.say(`skipped: ${withoutFfmpeg}`)
    return []
  }
}

async function measure({ seconds, say }: BenchTools): Promise<Row[]> {
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'niflr-bench-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  const rtsp = stack.use(await openRtspServer({ port: 0 }))
  await rtsp.publish('/1', fileSource(makeFilm(join(folder, 'film.mp4')), FFMPEG))
  const server = stack.use(await startRealServer({ CLIP_SECONDS }))
  for (let n = 1; n <= CAMERAS; n++)
    await server.call('POST', '/api/v1/cameras', { name: `camera ${n}`, tag: 'IN_STORE', streamUrl: rtsp.url('/1') })
  await rtsp.untilWatched('/1', CAMERAS)
  await delay(WARM_UP_MS)
  const pids = recordersIn(join(server.dataDir, 'clips'))
  if (pids.length !== CAMERAS) throw new Error(`${pids.length} recorders run`)
  const [fromMs, before, own] = [performance.now(), cpuMs(pids), cpuMs([server.process.pid!])]
  let most = 0
  for (const endMs = fromMs + (seconds ?? SECONDS) * 1000; performance.now() < endMs; ) {
    await delay(5000)
    most = Math.max(most, pssMb(pids))
    say(`  ${Math.round((performance.now() - fromMs) / 1000)} s, ${Math.round(most)} MB`)
  }
  const lastedMs = performance.now() - fromMs
  const share = (ms: number) => (100 * ms) / lastedMs
  const values = { 'all recorders, % of a core': share(cpuMs(pids) - before), 'MB together': Math.round(most) }
  const server100 = share(cpuMs([server.process.pid!]) - own)
  const { items } = await server.call('GET', '/api/v1/cameras')
  const sum = (of: 'gaps24h' | 'restarts') =>
    items.reduce((all: number, { health }: { health: Record<string, number> }) => all + health[of]!, 0)
  const { frames, ms } = await recordedIn(join(server.dataDir, 'clips'))
  return [
    {
      name: `${CAMERAS} cameras, ${Math.round(lastedMs / 1000)} s`,
      values: {
        ...{ ...values, 'the server, %': server100, gaps: sum('gaps24h'), restarts: sum('restarts') },
        ...{
          'pictures/s recorded of each': frames / (ms / 1000)
        }
      }
    }
  ]
}

/** Twenty seconds of moving picture at the rate of a usual camera, a keyframe each second. */
function makeFilm(path: string): string {
  const source = ['-f', 'lavfi', '-i', `testsrc2=size=1920x1080:rate=${FPS}:duration=20`]
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', String(FPS), '-bf', '0', '-pix_fmt', 'yuv420p']
  const rate = ['-b:v', '2M', '-minrate', '2M', '-maxrate', '2M', '-bufsize', '2M', '-x264-params', 'nal-hrd=cbr']
  execFileSync(FFMPEG, ['-loglevel', 'error', '-y', ...source, ...codec, ...rate, path])
  return path
}

function recordersIn(folder: string): number[] {
  const found = execFileSync('pgrep', ['-f', `^[^ ]*ffmpeg .*${folder}/`], { encoding: 'utf8' })
  return found.trim().split('\n').map(Number)
}

/** What the processes hold in memory; what they share is counted once. */
const pssMb = (pids: number[]): number =>
  pids.reduce((all, pid) => all + Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))![1]) / 1024, 0)

async function recordedIn(folder: string): Promise<{ frames: number; ms: number }> {
  const all = { frames: 0, ms: 0 }
  for (const path of globSync(`${folder}/*/*.mp4`)) {
    await using file = await open(path, 'r')
    const mp4 = await readMp4(readingFrom(file))
    all.ms += durationMs(mp4)
    all.frames += mp4.fragments.reduce((sum, fragment) => sum + fragment.frames, 0)
  }
  return all
}
