/** COPY over an ordinary connection: rows as PostgreSQL writes them, exact for every type, in bounded memory both ways. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import type pg from 'pg'

/** What of pg's connection a query of its own kind works with. */
type Wire = {
  stream: Socket
  query(text: string): void
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
  sendCopyFail(why: string): void
}

const BATCH_BYTES = 128 * 1024

/** A running COPY … TO STDOUT as a stream of whole lines; `rows` is right once it ended. A reader that is slow slows the database. */
class CopyOut extends Readable implements pg.Submittable {
  rows = 0
  readonly #command: string
  #wire: Wire | null = null
  #batch = Buffer.allocUnsafe(BATCH_BYTES)
  #filled = 0
  #isOver = false

  constructor(command: string) {
    super({ highWaterMark: 4 * BATCH_BYTES })
    this.#command = command
  }

  submit(wire: unknown): void {
    this.#wire = wire as Wire
    this.#wire.query(this.#command)
  }

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    this.rows += 1
    if (this.#filled + chunk.length > BATCH_BYTES) this.#flush()
    if (chunk.length > BATCH_BYTES) return this.#hand(Buffer.from(chunk)) // a copy: the parser uses its buffer again
    this.#filled += chunk.copy(this.#batch, this.#filled)
  }

  handleCommandComplete(): void {
    this.#flush()
  }

  handleReadyForQuery(): void {
    this.#release()
    this.push(null)
  }

  handleError(error: Error): void {
    this.#release()
    this.destroy(error)
  }

  override _read(): void {
    this.#wire?.stream.resume()
  }

  /** Nobody wants the rest: it cannot be skipped on the wire, so the connection ends with it. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#isOver) this.#wire?.stream.destroy()
    done(error)
  }

  /** Ours no more: the connection must listen again, whoever of us still has lines to read. */
  #release(): void {
    this.#isOver = true
    this.#wire?.stream.resume()
  }

  #flush(): void {
    if (this.#filled === 0) return
    const lines = this.#batch.subarray(0, this.#filled)
    this.#batch = Buffer.allocUnsafe(BATCH_BYTES)
    this.#filled = 0
    this.#hand(lines)
  }

  #hand(lines: Buffer): void {
    if (!this.push(lines)) this.#wire?.stream.pause()
  }
}

/** Starts `command` (COPY … TO STDOUT) on `client`. The stream fails with what the database says. */
export const copyOut = (client: pg.Client, command: string): CopyOut => client.query(new CopyOut(command))

/** Runs `command` (COPY … FROM STDIN) with the lines of `source`; resolves to the number of rows. Throws what either side says. */
export function copyIn(client: pg.Client, command: string, source: AsyncIterable<Buffer>): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  let rows = 0
  let isOver = false
  let failure: unknown = null
  const send = async (wire: Wire) => {
    for await (const chunk of source) {
      if (isOver) return
      wire.sendCopyFromChunk(chunk)
      if (wire.stream.writableNeedDrain) await once(wire.stream, 'drain')
    }
    wire.endCopyFrom()
  }
  const query = {
    submit: (wire: unknown) => (wire as Wire).query(command),
    handleCopyInResponse: (wire: Wire) => {
      send(wire).catch((error: unknown) => {
        failure = error
        wire.sendCopyFail('the source failed')
      })
    },
    handleCommandComplete: ({ text }: { text: string }) => {
      rows = Number(/^COPY (\d+)/.exec(text)?.[1])
    },
    handleReadyForQuery: () => resolve(rows),
    handleError: (error: Error) => {
      isOver = true
      reject(failure ?? error)
    }
  }
  client.query(query)
  return promise
}
