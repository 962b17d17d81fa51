/** Finds the ffmpeg that records: the one of the setting, or of the system, else the one that came inside an npm package. */
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'

export type Ffmpeg = {
  path: string
  version: string
  /** 5 or newer: a stream and its options can be handed over on standard input, where no list of processes shows them. */
  isCurrent: boolean
}
export type FfmpegFound = { ffmpeg: Ffmpeg | null; warning: string | null }

const INSTALL = 'install it with `apt-get install ffmpeg`'
const LIBAVFORMAT_OF_5 = 59
const WAIT_MS = 10_000

/** `given` is FFMPEG_PATH, null when it is not set. Never throws: what is wrong is in `warning`, for people. */
export async function findFfmpeg(given: string | null): Promise<FfmpegFound> {
  if (given !== null) {
    const ffmpeg = await look(given)
    return {
      ffmpeg,
      warning: ffmpeg ? null : `setting FFMPEG_PATH: ${given} is no ffmpeg that runs here: cameras are not recorded`
    }
  }
  const system = await look('ffmpeg')
  if (system?.isCurrent) return { ffmpeg: system, warning: null }
  const packaged = await lookInPackages()
  const ffmpeg = system ?? packaged
  if (!ffmpeg) return { ffmpeg, warning: `there is no ffmpeg: cameras are not recorded; ${INSTALL}` }
  const which = system ? 'the system’s' : 'the one of an npm package'
  return {
    ffmpeg,
    warning: `ffmpeg ${ffmpeg.version} (${which}) is old, and shows passwords of cameras to all users of this computer; ${INSTALL}`
  }
}

async function look(path: string): Promise<Ffmpeg | null> {
  try {
    const { stdout } = await promisify(execFile)(path, ['-version'], { timeout: WAIT_MS })
    const version = /^ffmpeg version (\S+)/.exec(stdout)?.[1]
    const libavformat = Number(/libavformat\s+(\d+)\./.exec(stdout)?.[1])
    return version ? { path, version, isCurrent: libavformat >= LIBAVFORMAT_OF_5 } : null
  } catch {
    return null
  }
}

async function lookInPackages(): Promise<Ffmpeg | null> {
  try {
    return await look(createRequire(import.meta.url).resolve(`@ffmpeg-installer/${process.platform}-${process.arch}/ffmpeg`))
  } catch {
    return null
  }
}
