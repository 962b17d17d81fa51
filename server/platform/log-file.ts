/** A log of lines on disk: buffered, cut by size, older parts compressed, bounded in number. It never slows or stops the work it tells of. */
import {
  createReadStream,
  createWriteStream,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  type WriteStream
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'

export type LogFileOptions = { path: string; maxBytes?: number; keep?: number; onError?: (error: unknown) => void }
const FLUSH_MS = 200
const BUFFER_BYTES = 64 * 1024
/** A file that cannot be opened is tried again after so long, and not said again before. */
const RETRY_MS = 1000
/** The last of a disk is the database's, whose rows are promised; lines are not. A tenth of a disk that is smaller than ten times this. */
const SPARED_BYTES = 256 * 1024 * 1024
/** Of heartbeats it makes as little as the default level of 6, in a quarter of the time. */
const LEVEL = 4
/** Behind a disk that does not keep up, lines are dropped before memory is. */
const BACKLOG_BYTES = 16 * 1024 * 1024

export class LogFile {
  readonly #options: Required<LogFileOptions>
  #stream: WriteStream | null = null
  #lines: string[] = []
  #buffered = 0
  #bytes = 0
  #timer: NodeJS.Timeout | null = null
  #pausedUntilMs = 0
  #parts = 0
  #isFirst = true
  #room = { isThere: true, lookedMs: Number.NEGATIVE_INFINITY }
  #compressing: Promise<void> = Promise.resolve()
  dropped = 0

  /** `maxBytes` per part (32 MiB), `keep` compressed parts beside the current one (10). */
  constructor({ path, maxBytes = 32 * 1024 * 1024, keep = 10, onError = () => {} }: LogFileOptions) {
    this.#options = { path, maxBytes, keep, onError }
  }

  /** Adds one line; it is on its way to the file within a fifth of a second. */
  write(line: string): void {
    if (this.#buffered + (this.#stream?.writableLength ?? 0) > BACKLOG_BYTES) {
      this.dropped += 1
      return
    }
    this.#lines.push(line)
    this.#buffered += line.length + 1
    if (this.#buffered >= BUFFER_BYTES && performance.now() >= this.#pausedUntilMs) this.#flush()
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS).unref()
  }

  /** Writes what is buffered and closes the file. */
  async close(): Promise<void> {
    this.#flush()
    if (this.#timer) clearTimeout(this.#timer)
    const stream = this.#stream
    this.#stream = null
    if (stream) await ended(stream)
    await this.#compressing
  }

  #flush(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#lines.length === 0) return
    if (!this.#hasRoom()) return this.#drop()
    this.#stream ??= this.#open()
    if (!this.#stream) {
      this.#pausedUntilMs = performance.now() + RETRY_MS
      this.#timer = setTimeout(() => this.#flush(), RETRY_MS).unref()
      return
    }
    const text = `${this.#lines.join('\n')}\n`
    this.#lines = []
    this.#buffered = 0
    this.#bytes += Buffer.byteLength(text)
    this.#stream.write(text)
    if (this.#bytes >= this.#options.maxBytes) this.#rotate(this.#stream)
  }

  #drop(): void {
    this.dropped += this.#lines.length
    this.#lines = []
    this.#buffered = 0
  }

  /** Is more of the disk free than is spared for the database? Looked at once a second; that there is none is said once. */
  #hasRoom(): boolean {
    const nowMs = performance.now()
    if (nowMs - this.#room.lookedMs < RETRY_MS) return this.#room.isThere
    const { path, onError } = this.#options
    const isThere = hasRoom(dirname(path))
    if (!isThere && this.#room.isThere) onError(new Error('the disk is nearly full: lines are dropped until there is space'))
    this.#room = { isThere, lookedMs: nowMs }
    return isThere
  }

  #open(): WriteStream | null {
    const { path, onError } = this.#options
    try {
      mkdirSync(dirname(path), { recursive: true })
      const fd = openSync(path, 'a', 0o640)
      this.#bytes = fstatSync(fd).size
      const stream = createWriteStream(path, { fd }).on('error', (error) => {
        if (this.#stream === stream) this.#stream = null
        onError(error)
      })
      if (this.#isFirst) this.#compress(null) // a death in mid-rotation leaves a part behind
      this.#isFirst = false
      return stream
    } catch (error) {
      onError(error)
      return null
    }
  }

  #rotate(full: WriteStream): void {
    const { path, onError } = this.#options
    this.#bytes = 0
    try {
      const part = `${Date.now()}-${String(this.#parts++).padStart(6, '0')}`
      renameSync(path, `${path}.rotating-${part}`) // the stream keeps its file under the new name until it has written all
      this.#stream = null
      this.#compress(full)
    } catch (error) {
      onError(error)
    }
  }

  /** Compresses what was cut off, oldest first, one after the other; what fails is tried again at the next cut. */
  #compress(full: WriteStream | null): void {
    const work = async () => {
      if (full) await ended(full)
      const { path, keep } = this.#options
      const parts = namesLike(path, /^rotating-[\d-]+$/).toSorted()
      for (const name of parts.splice(0, parts.length - keep)) rmSync(`${path}.${name}`)
      for (const name of parts) await compressPart(`${path}.${name}`, { path, keep })
    }
    this.#compressing = this.#compressing.then(work).catch(this.#options.onError)
  }
}

/** Is more of the folder's disk free than is spared for the database? Whatever the box writes beside rows asks first. */
export function hasRoom(folder: string): boolean {
  try {
    const { bsize, bavail, blocks } = statfsSync(folder)
    return bavail * bsize >= Math.min(SPARED_BYTES, (blocks * bsize) / 10)
  } catch {
    return true // the folder is not there yet
  }
}

const ended = (stream: WriteStream): Promise<void> => new Promise((resolve) => stream.end(() => resolve()))

/** What follows `path` and a dot in its folder, where it fits. */
function namesLike(path: string, pattern: RegExp): string[] {
  const start = `${basename(path)}.`
  const names = readdirSync(dirname(path)).filter((name) => name.startsWith(start))
  return names.map((name) => name.slice(start.length)).filter((name) => pattern.test(name))
}

/** The part becomes number 1, the others move up, and what is beyond `keep` goes. */
async function compressPart(part: string, { path, keep }: { path: string; keep: number }): Promise<void> {
  const compressed = join(dirname(path), `${basename(path)}.compressing`)
  await pipeline(createReadStream(part), createGzip({ level: LEVEL }), createWriteStream(compressed, { mode: 0o640 }))
  const numbers = namesLike(path, /^\d+\.gz$/).map((name) => Number.parseInt(name, 10))
  for (const number of numbers.toSorted((a, b) => b - a)) {
    if (number >= keep) rmSync(`${path}.${number}.gz`)
    else renameSync(`${path}.${number}.gz`, `${path}.${number + 1}.gz`)
  }
  renameSync(compressed, `${path}.1.gz`)
  rmSync(part)
}
