/** Recorded heartbeats from files, merged in the order of their own clock: heartbeat.log (and its rotated parts), or lines of {ts, machineId, scales}. */
import { createReadStream, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { Invalid } from '#server/platform/errors.ts'

export type Recorded = { receivedMs: number; body: unknown }

/** The parts of the store's own heartbeat.log, oldest first: compressed ones, one that is being cut off, and the current one. */
export function ownRecordings(dataDir: string): string[] {
  const folder = join(dataDir, 'logs')
  if (!existsSync(folder)) return []
  const ages = readdirSync(folder).flatMap((name): [string, number][] => {
    const part = /^heartbeat\.log(?:\.(?:(\d+)\.gz|rotating-(\d+)-\d+))?$/.exec(name)
    if (!part) return []
    return [[name, part[1] ? Number(part[1]) : part[2] ? -1 : -2]]
  })
  return ages.toSorted(([a, ageA], [b, ageB]) => ageB - ageA || a.localeCompare(b)).map(([name]) => join(folder, name))
}

/** One file's heartbeats in the order they stand there. Throws Invalid naming file and line, or hands it to `torn` and reads on. */
export async function* readRecording(path: string, torn?: (why: Invalid) => void): AsyncGenerator<Recorded> {
  const raw = createReadStream(path)
  const input = path.endsWith('.gz') ? raw.pipe(createGunzip()) : raw
  raw.on('error', (error) => input.destroy(error))
  let line = 0
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1
    if (text.trim() === '') continue
    try {
      yield readLine(text, `${path}:${line}`)
    } catch (error) {
      if (!torn || !(error instanceof Invalid)) throw error
      torn(error)
    }
  }
}

function readLine(text: string, where: string): Recorded {
  let row: { receivedAt?: unknown; body?: unknown; ts?: unknown; machineId?: unknown; scales?: unknown }
  try {
    row = JSON.parse(text)
  } catch {
    throw new Invalid(where, 'is not a line of JSON')
  }
  if (typeof row?.receivedAt === 'string' && !Number.isNaN(Date.parse(row.receivedAt)))
    return { receivedMs: Date.parse(row.receivedAt), body: row.body }
  if (typeof row?.ts === 'number' && Number.isFinite(row.ts))
    return { receivedMs: Math.round(row.ts * 1000), body: { machineId: row.machineId, scales: row.scales } }
  throw new Invalid(
    where,
    'is no recorded heartbeat: {"receivedAt":"…","body":{…}} or {"ts":seconds,"machineId":"…","scales":[…]}'
  )
}

/** All files' heartbeats, oldest first. */
export const mergeRecordings = (paths: string[]): AsyncGenerator<Recorded> => merge(paths.map((path) => readRecording(path)))

type Timed = { receivedMs: number }
type Head<T> = { next: T; rest: AsyncGenerator<T> }

/** What several sources tell, each oldest first, as one; of one moment in the order of the sources. */
export async function* merge<T extends Timed>(sources: AsyncGenerator<T>[]): AsyncGenerator<T> {
  const heads: Head<T>[] = []
  try {
    for (const source of sources) await pull(source, (head) => void heads.push(head))
    while (heads.length > 0) {
      const first = heads.reduce((a, b) => (b.next.receivedMs < a.next.receivedMs ? b : a))
      yield first.next
      const place = heads.indexOf(first)
      heads.splice(place, 1)
      await pull(first.rest, (head) => void heads.splice(place, 0, head))
    }
  } finally {
    for (const source of sources) await source.return(undefined)
  }
}

async function pull<T>(rest: AsyncGenerator<T>, put: (head: Head<T>) => void): Promise<void> {
  const { value, done } = await rest.next()
  if (!done) put({ next: value, rest })
}
