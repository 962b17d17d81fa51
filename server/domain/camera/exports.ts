/** Export: a window of a camera as one MP4, its fragments copied one after the other; gaps are left out. Made while it is sent. */
import { relative } from 'node:path'
import { Readable } from 'node:stream'
import type { Context } from '#server/context.ts'
import { NotFound, Refused } from '#server/platform/errors.ts'
import { startFfmpegWork } from '#server/platform/ffmpeg-work.ts'
import { Slots } from '#server/platform/slots.ts'
import { clipFolder } from './clip-files.ts'
import { type Clip, footageOf, type Stretch, type Window } from './footage.ts'
import { type WindowQuery, windowOf } from './playback.ts'
import { openClipFile, readClips, readGaps } from './played-clips.ts'
import { needFfmpeg } from './tools.ts'

const LONGEST_EXPORT_MS = 2 * 3_600_000
const SEND_WITHIN_MS = 30 * 60_000
const slots = new WeakMap<Context, Slots>()

export type Export = {
  fileName: string
  content: Readable
}

/**
 * Starts an export. Ending `content` early ends its making; it is destroyed with an error when that fails. Throws Invalid, NotFound when
 * there is no such camera or nothing in the window, Refused `picture-changed` when size or codec change within it, `only-uploaded`, `no-ffmpeg`,
 * `too-many-requests`.
 */
export async function exportWindow(ctx: Context, { cameraId, query }: { cameraId: string; query: WindowQuery }): Promise<Export> {
  const window = windowOf(query, LONGEST_EXPORT_MS)
  const camera = await ctx.db.selectFrom('camera').select('name').where('id', '=', cameraId).executeTakeFirst()
  if (!camera) throw new NotFound('camera', cameraId)
  const [clips, gaps] = await Promise.all([readClips(ctx, cameraId, window), readGaps(ctx, cameraId, window)])
  const stretches = footageOf(clips, gaps, window)
  if (stretches.length === 0) throw new NotFound('video (yet) in this window of camera', cameraId)
  mustBeOnePicture(stretches)
  const ffmpeg = await needFfmpeg(ctx)
  for (const { clip } of stretches) await mustBeHere(clip)
  const list = `ffconcat version 1.0\n${stretches.map((stretch) => entry(clipFolder(ctx), stretch)).join('')}`
  const queue = slots.get(ctx) ?? new Slots({ atOnce: 2, waiting: 4 })
  slots.set(ctx, queue)
  const slot = await queue.take()
  return { fileName: fileNameOf(camera.name, window), content: concatenate({ ffmpeg, folder: clipFolder(ctx), list, slot }) }
}

async function mustBeHere(clip: Clip): Promise<void> {
  try {
    await (await openClipFile(clip)).close()
  } catch (error) {
    if (!(error instanceof NotFound) || !clip.isUploaded) throw error
    const at = new Date(clip.startMs).toISOString()
    const why = `the video that begins at ${at} is no longer on the box, only in the upload store: play it, or take its content`
    throw new Refused('only-uploaded', why, { at, videoId: clip.id })
  }
}

function mustBeOnePicture(stretches: Stretch[]): void {
  const pictures = stretches.map(({ clip: { codecs, width, height } }) => `${codecs} ${width}×${height}`)
  const other = pictures.findIndex((picture) => picture !== pictures[0])
  if (other < 0) return
  const at = new Date(stretches[other]!.pieces[0]!.startMs).toISOString()
  throw new Refused('picture-changed', `the camera's picture changed from ${pictures[0]} to ${pictures[other]} at ${at}: export up to then, and from then on`, { at }) // biome-ignore format: one sentence
}

type Work = { ffmpeg: string; folder: string; list: string; slot: Disposable }

function concatenate({ ffmpeg, folder, list, slot }: Work): Readable {
  const source = ['-protocol_whitelist', 'file,pipe,concat,subfile', '-f', 'concat', '-safe', '0', '-i', 'pipe:0']
  const output = ['-map', '0:v:0', '-c', 'copy', '-movflags', 'frag_keyframe+empty_moov+default_base_moof', '-f', 'mp4', 'pipe:1']
  const { child, ended } = startFfmpegWork({ ffmpeg, args: [...source, ...output], cwd: folder, endAfterMs: SEND_WITHIN_MS })
  const content = Readable.from(wholeOutput(child.stdout, ended), { objectMode: false })
  content.once('close', () => {
    child.kill('SIGKILL')
    slot[Symbol.dispose]()
  })
  child.stdin.end(list)
  return content
}

/** What ffmpeg wrote; an error at its end when it failed, so that nobody takes a part for the whole. */
async function* wholeOutput(output: Readable, ended: Promise<void>): AsyncGenerator<Buffer> {
  yield* output
  await ended
}

/** Names that a recorder gives: ffmpeg reads nothing into them. */
const PLAIN_PATH = /^[A-Za-z0-9_-]+(?:[/.][A-Za-z0-9_-]+)*$/

/** A clip's head and the bytes of its fragments, read as one file. */
function entry(folder: string, { clip, pieces }: Stretch): string {
  const [first, last] = [pieces[0]!, pieces.at(-1)!]
  const path = relative(folder, clip.path)
  if (!PLAIN_PATH.test(path)) throw new Error(`the video ${clip.id} has a file name that no recorder gives`)
  const part = (start: number, end: number) => `subfile,,start,${start},end,${end},,:${path}`
  const file = `concat:${part(0, clip.headBytes)}|${part(first.offset, last.offset + last.bytes)}`
  return `file '${file}'\nduration ${((last.endMs - first.startMs) / 1000).toFixed(6)}\n`
}

/** Front-door_20260301T080000Z-20260301T080500Z.mp4 */
function fileNameOf(name: string, { fromMs, toMs }: Window): string {
  const stamp = (ms: number) => new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '')
  const plain = name.normalize('NFKD').replace(/[^A-Za-z0-9]+/g, '-').replace(/^-+|-+$/g, '') // biome-ignore format: one thought
  return `${plain || 'camera'}_${stamp(fromMs)}-${stamp(toMs)}.mp4`
}
