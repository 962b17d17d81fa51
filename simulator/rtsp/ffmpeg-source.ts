/** Sources whose H.264 comes out of an ffmpeg process of their own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { VideoSink, VideoSource } from './access-unit.ts'
import { type FlvVideo, readFlv } from './flv.ts'

type Picture = Extract<FlvVideo, { kind: 'picture' }>
export type FfmpegJob = {
  ffmpeg: string
  /** Everything between `ffmpeg` and its output. */
  args: string[]
  /** When a picture was taken, Unix milliseconds; pictures come in the order of decoding. */
  timeOf: (picture: Picture) => number
}

/** No B-frames, nothing held back: a picture leaves as soon as it came. */
export const encode = (fps: number): string[] => [
  ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'baseline', '-pix_fmt', 'yuv420p'],
  ...['-bf', '0', '-g', String(fps), '-crf', '24', '-threads', '1'],
  ...['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709', '-color_range', 'tv']
]

/** Built: nothing runs. Started: ffmpeg works until it ends (which is told) or is stopped; may be started again then. */
export class FfmpegSource implements VideoSource {
  readonly job: FfmpegJob
  process: ChildProcess | null = null

  constructor(job: FfmpegJob) {
    this.job = job
  }

  start(sink: VideoSink): void {
    const quiet = ['-hide_banner', '-loglevel', 'error', ...(this.job.args.includes('pipe:0') ? [] : ['-nostdin'])]
    const output = ['-an', '-f', 'flv', '-flush_packets', '1', '-flvflags', 'no_duration_filesize', 'pipe:1']
    const child = spawn(this.job.ffmpeg, [...quiet, ...this.job.args, ...output], { stdio: ['pipe', 'pipe', 'pipe'] })
    this.process = child
    let lastWords = ''
    child.stderr.on('data', (text) => {
      lastWords = String(text).trim().split('\n').at(-1)!
    })
    child.stdin.on('error', () => undefined)
    child.once('error', (error) => {
      lastWords = error.message
    })
    const read = this.#read(child.stdout, sink).catch((error: Error) => {
      lastWords = error.message
      child.kill('SIGKILL')
    })
    child.once('close', async (code) => {
      await read
      if (this.process === child) sink.ended(`ffmpeg ended (${code}): ${lastWords}`)
    })
  }

  async stop(): Promise<void> {
    const child = this.process
    this.process = null
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'close')
  }

  async #read(stdout: AsyncIterable<Buffer>, sink: VideoSink): Promise<void> {
    for await (const video of readFlv(stdout)) {
      if (video.kind === 'parameters') sink.parameters(video)
      else sink.picture({ nals: video.nals, isKey: video.isKey, atMs: this.job.timeOf(video) })
    }
  }
}

/** A stream's own times, laid on the wall clock from its first picture on. */
function fromNow(): FfmpegJob['timeOf'] {
  let startMs: number | null = null
  return ({ decodeMs, showMs }) => {
    startMs ??= Date.now() - decodeMs
    return startMs + showMs
  }
}

/** A file with H.264, played again and again at its own pace, as it is. */
export const fileSource = (path: string, ffmpeg = 'ffmpeg'): VideoSource =>
  new FfmpegSource({ ffmpeg, args: ['-re', '-stream_loop', '-1', '-i', path, '-map', '0:v:0', '-c', 'copy'], timeOf: fromNow() })

/** A picture that ffmpeg makes up, as `testsrc2=size=640x360:rate=25`, encoded with a keyframe every `fps` pictures. */
export const lavfiSource = (graph: string, { fps = 25, ffmpeg = 'ffmpeg' } = {}): VideoSource =>
  new FfmpegSource({ ffmpeg, args: ['-re', '-f', 'lavfi', '-i', graph, ...encode(fps)], timeOf: fromNow() })
