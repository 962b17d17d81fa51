/** Work for ffmpeg that may wait: a process that gives way to everything else and is ended after its time. Recorders are none of it. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { setPriority } from 'node:os'

export type FfmpegOrder = { ffmpeg: string; args: string[]; cwd?: string; endAfterMs: number }
export type FfmpegWork = {
  child: ChildProcessWithoutNullStreams
  /** Resolves when it has ended well; throws an Error with its last words, or that it took too long. */
  ended: Promise<void>
}
const GIVE_WAY = 15
const WORDS_KEPT = 2000

/** Starts it. What it writes is on `child.stdout`, what it reads goes to `child.stdin`. */
export function startFfmpegWork({ ffmpeg, args, cwd, endAfterMs }: FfmpegOrder): FfmpegWork {
  const child = spawn(ffmpeg, ['-hide_banner', '-loglevel', 'error', '-threads', '1', ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(cwd && { cwd })
  })
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>()
  ended.catch(() => {}) // whoever waits hears of it
  let words = ''
  let isLate = false
  const late = setTimeout(() => {
    isLate = true
    child.kill('SIGKILL')
  }, endAfterMs)
  child.once('spawn', () => giveWay(child.pid!))
  child.once('error', reject)
  child.stderr.on('data', (chunk) => {
    words = (words + chunk).slice(-WORDS_KEPT)
  })
  child.stdin.on('error', () => {}) // it may have read enough
  child.once('close', (code, signal) => {
    clearTimeout(late)
    if (code === 0) resolve()
    else reject(new Error(isLate ? `ffmpeg took over ${endAfterMs} ms` : `ffmpeg ended with ${code ?? signal}: ${words.trim()}`))
  })
  return { child, ended }
}

function giveWay(pid: number): void {
  try {
    setPriority(pid, GIVE_WAY)
  } catch {
    // it is over already
  }
}
