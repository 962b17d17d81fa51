/** A log of lines on disk: buffered, cut by size, older parts compressed, bounded in number. It never slows or stops the work it tells of. */
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  type WriteStream
} from 'node:fs'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'

export type LogFileOptions = { path: string; maxBytes?: number; keep?: number; onError?: (error: unknown) => void }
const FLUSH_MS = 200
const BUFFER_BYTES = 64 * 1024
/** Behind a disk that does not keep up, lines are dropped before memory is. */
const BACKLOG_BYTES = 16 * 1024 * 1024

export class LogFile {
  readonly #options: Required<LogFileOptions>
  #stream: WriteStream | null = null
  #lines: string[] = []
  #buffered = 0
  #bytes = 0
  #timer: NodeJS.Timeout | null = null
  #compressing: Promise<void> = Promise.resolve()
  dropped = 0

  /** `maxBytes` per part (32 MiB), `keep` compressed parts beside the current one (10). */
  constructor({ path, maxBytes = 32 * 1024 * 1024, keep = 10, onError = () => {} }: LogFileOptions) {
    this.#options = { path, maxBytes, keep, onError }
  }

  /** Adds one line; it is on its way to the file within a fifth of a second. */
  write(line: string): void {
    if ((this.#stream?.writableLength ?? 0) > BACKLOG_BYTES) {
      this.dropped += 1
      return
    }
    this.#lines.push(line)
    this.#buffered += line.length + 1
    if (this.#buffered >= BUFFER_BYTES) this.#flush()
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS).unref()
  }

  /** Writes what is buffered and closes the file. */
  async close(): Promise<void> {
    this.#flush()
    const stream = this.#stream
    this.#stream = null
    if (stream) await new Promise<void>((resolve) => stream.end(resolve))
    await this.#compressing
  }

  #flush(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#lines.length === 0) return
    const text = `${this.#lines.join('\n')}\n`
    this.#lines = []
    this.#buffered = 0
    this.#stream ??= this.#open()
    this.#bytes += Buffer.byteLength(text)
    this.#stream.write(text)
    if (this.#bytes >= this.#options.maxBytes) this.#rotate()
  }

  #open(): WriteStream {
    const { path, onError } = this.#options
    mkdirSync(dirname(path), { recursive: true })
    this.#bytes = existsSync(path) ? statSync(path).size : 0
    return createWriteStream(path, { flags: 'a', mode: 0o640 }).on('error', (error) => {
      this.#stream = null
      onError(error)
    })
  }

  #rotate(): void {
    const { path, keep, onError } = this.#options
    const full = this.#stream!
    this.#stream = null
    const part = `${path}.rotating-${Date.now()}`
    renameSync(path, part) // the stream keeps its file under the new name until it has written all
    const compress = async () => {
      await new Promise<void>((resolve) => full.end(resolve))
      for (let n = keep; n >= 1; n--)
        if (existsSync(`${path}.${n}.gz`))
          n === keep ? rmSync(`${path}.${n}.gz`) : renameSync(`${path}.${n}.gz`, `${path}.${n + 1}.gz`)
      await pipeline(createReadStream(part), createGzip(), createWriteStream(`${path}.1.gz`))
      rmSync(part)
    }
    this.#compressing = this.#compressing.then(compress).catch(onError)
  }
}
