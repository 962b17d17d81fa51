/** A look at a stream before it is saved, and at what a camera sees now. Both are bounded in time, and in how many run at once. */
import { execFile } from 'node:child_process'
import { type FileHandle, mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StreamTest, StreamTestInput } from '#contracts/api/cameras.ts'
import type { Context } from '#server/context.ts'
import { Refused } from '#server/platform/errors.ts'
import { type Ffmpeg, findFfmpeg } from '#server/platform/ffmpeg.ts'
import { type Mp4, readingFrom, readMp4 } from '#server/platform/mp4.ts'
import { readCamera } from './cameras.ts'
import { clipFilesDuring, wholePartOf } from './clip-files.ts'
import { streamInput } from './stream-input.ts'
import { describeStream } from './stream-report.ts'
import { checkStreamUrl, maskIn } from './stream-url.ts'

const LISTEN_SECONDS = 6
const WITHIN_MS = 20_000
const AT_ONCE = 2
const LATELY_MS = 30_000
const LARGEST_PICTURE_BYTES = 16 * 1024 * 1024
const finders = new WeakMap<Context, Promise<Ffmpeg | null>>()
let running = 0

function ffmpegOf(ctx: Context): Promise<Ffmpeg | null> {
  const found = finders.get(ctx) ?? findFfmpeg(ctx.config.ffmpegPath).then(({ ffmpeg }) => ffmpeg)
  finders.set(ctx, found)
  return found
}

/** Listens to a stream for some seconds and says what it is. Throws Invalid `streamUrl`, Refused `stream-failed`, `no-ffmpeg`, `too-many-requests`. */
export async function testStream(ctx: Context, { streamUrl, transport = 'tcp' }: StreamTestInput): Promise<StreamTest> {
  checkStreamUrl(streamUrl)
  return oneOfFew(ctx, async (ffmpeg) => {
    const folder = await mkdtemp(join(tmpdir(), 'niflr-stream-'))
    try {
      const file = join(folder, 'test.mp4')
      const { args, stdin, isRaw } = streamInput(ffmpeg, { streamUrl, transport }, { isStamped: false, isQuick: false })
      const how = isRaw
        ? ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '10', '-pix_fmt', 'yuv420p']
        : ['-map', '0:v:0', '-c', 'copy']
      const output = [
        '-t',
        String(LISTEN_SECONDS),
        '-movflags',
        '+frag_keyframe+empty_moov+default_base_moof',
        '-f',
        'mp4',
        '-y',
        file
      ]
      const { words } = await run(ffmpeg, ['-hide_banner', '-loglevel', 'info', '-nostats', ...args, ...how, ...output], stdin)
      const mp4 = await readAll(file)
      if (mp4.fragments.length === 0) {
        const last = maskIn(words, streamUrl).trim().split('\n').at(-1)
        throw new Refused(
          'stream-failed',
          `the stream cannot be recorded: ${last || `nothing came within ${WITHIN_MS / 1000} s`}`
        )
      }
      const look = ['-hide_banner', '-loglevel', 'info', '-nostats', '-nostdin', '-i', file, '-vf', 'showinfo', '-f', 'null', '-']
      const { words: seen } = await run(ffmpeg, look)
      return describeStream(ctx.config, { words, seen, mp4, snapshot: await pictureOf(ffmpeg, file, mp4) })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
}

/** The last keyframe of a camera that is being recorded, as JPEG. Throws NotFound, Refused `no-picture`, `no-ffmpeg`, `too-many-requests`. */
export async function cameraSnapshot(ctx: Context, cameraId: string): Promise<Buffer> {
  await readCamera(ctx, cameraId)
  return oneOfFew(ctx, async (ffmpeg) => {
    const to = ctx.clock.now()
    const clips = await clipFilesDuring(ctx, { cameraId, from: new Date(to.getTime() - LATELY_MS), to })
    const clip = clips.findLast(({ fragments, isMissing }) => fragments.length > 0 && !isMissing) // a clip that has just begun has none yet
    const picture = clip ? await pictureOf(ffmpeg, clip.path, await wholePartOf(clip.path)) : null
    if (!picture) throw new Refused('no-picture', 'this camera is not being recorded just now: its state says why')
    return picture
  })
}

/** The keyframe of the last whole fragment; null when it cannot be decoded, or the file has gone since its index was read. */
async function pictureOf(ffmpeg: Ffmpeg, path: string, { headBytes, fragments }: Mp4): Promise<Buffer | null> {
  const last = fragments.at(-1)
  await using file = last ? await openUnlessGone(path) : null
  if (!last || !file) return null
  const readAt = readingFrom(file)
  const content = Buffer.concat([await readAt(0, headBytes), await readAt(last.offset, last.bytes)])
  const picture = ['-hide_banner', '-loglevel', 'error', '-i', 'pipe:0', '-frames:v', '1', '-f', 'mjpeg', '-q:v', '4', 'pipe:1']
  const { output } = await run(ffmpeg, picture, content)
  return output.length > 0 ? output : null
}

async function openUnlessGone(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

async function oneOfFew<T>(ctx: Context, work: (ffmpeg: Ffmpeg) => Promise<T>): Promise<T> {
  if (running >= AT_ONCE)
    throw new Refused('too-many-requests', 'other pictures are being looked at: try again', { retryAfterSeconds: 5 })
  running += 1
  try {
    const ffmpeg = await ffmpegOf(ctx)
    if (!ffmpeg) throw new Refused('no-ffmpeg', 'there is no ffmpeg on this box: install it with `apt-get install ffmpeg`')
    return await work(ffmpeg)
  } finally {
    running -= 1
  }
}

async function readAll(path: string): Promise<Mp4> {
  const content = await readFile(path).catch(() => Buffer.alloc(0))
  return readMp4(async (offset, length) => content.subarray(offset, offset + length))
}

/** Runs ffmpeg to its end, within bounds; how it ended does not matter, only what came out. */
function run(ffmpeg: Ffmpeg, args: string[], input: string | Buffer = ''): Promise<{ output: Buffer; words: string }> {
  return new Promise((resolve) => {
    const options = { encoding: 'buffer', timeout: WITHIN_MS, killSignal: 'SIGKILL', maxBuffer: LARGEST_PICTURE_BYTES } as const
    const child = execFile(ffmpeg.path, args, options, (_error, output, words) => resolve({ output, words: words.toString() }))
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}
