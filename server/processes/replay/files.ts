/** Recorded heartbeats from files, merged in the order of their own clock: heartbeat.log (and its rotated parts), or lines of {ts, machineId, scales}. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { Invalid } from '#server/platform/errors.ts'

export type Recorded = { receivedMs: number; body: unknown }

/** One file's heartbeats in the order they stand there. Throws Invalid naming file and line. */
export async function* readRecording(path: string): AsyncGenerator<Recorded> {
  const raw = createReadStream(path)
  const input = path.endsWith('.gz') ? raw.pipe(createGunzip()) : raw
  raw.on('error', (error) => input.destroy(error))
  let line = 0
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1
    if (text.trim() !== '') yield readLine(text, `${path}:${line}`)
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
export async function* mergeRecordings(paths: string[]): AsyncGenerator<Recorded> {
  const heads: { next: Recorded; rest: AsyncGenerator<Recorded> }[] = []
  for (const path of paths) await pull(readRecording(path), heads)
  while (heads.length > 0) {
    const first = heads.reduce((a, b) => (b.next.receivedMs < a.next.receivedMs ? b : a))
    yield first.next
    heads.splice(heads.indexOf(first), 1)
    await pull(first.rest, heads)
  }
}

async function pull(rest: AsyncGenerator<Recorded>, heads: { next: Recorded; rest: AsyncGenerator<Recorded> }[]): Promise<void> {
  const { value, done } = await rest.next()
  if (!done) heads.push({ next: value, rest })
}
