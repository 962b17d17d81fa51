/**
 * One run of ffmpeg: started → told of clips that open and close, of frames → ended, whatever the reason. It dies with the server where the
 * system can see to that (setpriv), and is asked to end its clip first.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, type FSWatcher, watch } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { StreamSource } from '#server/domain/camera/actions.ts'
import type { Ffmpeg } from '#server/platform/ffmpeg.ts'
import { recordCommand } from './arguments.ts'

export type ClipLine = { file: string; startMs: number; endMs: number }
export type RecordingListener = {
  /** A clip's file is there. */
  opened(file: string): void
  closed(line: ClipLine): void
  /** So many frames since it started. */
  frames(count: number): void
  /** It is over; `words` are its last ones, with whatever it said of the stream. */
  ended(words: string): void
}
type Options = { ffmpeg: Ffmpeg; source: StreamSource; clipSeconds: number; folder: string; isSlowToShow: boolean }

const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find(existsSync)
const KILL_AFTER_MS = 4000
const LOOK_EVERY_MS = 5000
const LAST_WORDS = 5

export class Recording {
  readonly options: Options
  readonly isLateByFrame: boolean
  /** Sets the names of this run apart from those of any other, also within one second. */
  readonly run = randomBytes(4).toString('hex')
  #command: ReturnType<typeof recordCommand>
  #listener: RecordingListener
  #child: ChildProcess | null = null
  #watcher: FSWatcher | null = null
  #looking: NodeJS.Timeout | null = null
  #known = new Set<string>()
  #words: string[] = []
  #over = Promise.withResolvers<void>()

  constructor(options: Options, listener: RecordingListener) {
    this.options = options
    this.#listener = listener
    this.#command = recordCommand({ ...options, pattern: `${options.folder}/%Y%m%dT%H%M%SZ-${this.run}.mp4` })
    this.isLateByFrame = this.#command.isLateByFrame
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  start(): void {
    const { ffmpeg, folder } = this.options
    const guard = SETPRIV ? [SETPRIV, '--pdeathsig', 'TERM'] : []
    const [program, ...args] = [...guard, '/usr/bin/env', 'TZ=UTC', ffmpeg.path, ...this.#command.args]
    const child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'pipe', 'pipe'] })
    this.#child = child
    child.once('error', (error) => this.#words.push(error.message))
    child.stdin!.on('error', () => undefined) // it ended before it read
    child.stdin!.end(this.#command.stdin)
    createInterface(child.stdout!).on('line', (line) => this.#hearClip(line))
    createInterface(child.stderr!).on('line', (line) => this.#hearWords(line))
    createInterface(child.stdio[3] as Readable).on('line', (line) => this.#hearFrames(line))
    this.#watcher = watch(folder, (_event, name) => name !== null && this.#see(String(name)))
    this.#watcher.on('error', () => undefined) // the regular look sees new files too
    this.#looking = setInterval(() => void this.#look(), LOOK_EVERY_MS)
    child.once('close', () => void this.#end())
  }

  /** Asks it to end its clip and go; kills it when it does not. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.#child?.kill('SIGTERM')
    const timer = setTimeout(() => this.kill(), KILL_AFTER_MS)
    await this.#over.promise
    clearTimeout(timer)
  }

  /** Ends it at once: what it has not written yet is lost. */
  kill(): void {
    this.#child?.kill('SIGKILL')
  }

  async #end(): Promise<void> {
    if (this.#looking) clearInterval(this.#looking)
    this.#watcher?.close()
    await this.#look()
    this.#listener.ended(this.#words.join('\n'))
    this.#over.resolve()
  }

  #hearClip(line: string): void {
    const [file, start, end] = line.split(',')
    if (!file || end === undefined) return
    this.#see(file)
    this.#listener.closed({ file, startMs: Number(start) * 1000, endMs: Number(end) * 1000 })
  }

  #hearWords(line: string): void {
    if (/Non-monotonous DTS|Last message repeated/.test(line)) return // pictures that waited while the stream was looked at
    this.#words = [...this.#words, line].slice(-LAST_WORDS)
  }

  #hearFrames(line: string): void {
    const count = /^frame=(\d+)/.exec(line)?.[1]
    if (count !== undefined) this.#listener.frames(Number(count))
  }

  #see(name: string): void {
    if (!name.endsWith(`-${this.run}.mp4`) || this.#known.has(name)) return
    this.#known.add(name)
    this.#listener.opened(name)
  }

  async #look(): Promise<void> {
    const names = await readdir(this.options.folder).catch(() => [])
    for (const name of names.toSorted()) this.#see(name)
  }
}
