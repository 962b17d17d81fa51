/** Where people stand, over MQTT and HTTP. Taken again it says the same: nothing is counted, so a message that comes twice does no harm. */
import { MAX_METRES, MAX_PEOPLE, type Person } from '#contracts/device/positions.ts'
import type { Context } from '#server/context.ts'
import { recordSighting, trackerById } from '#server/domain/user/actions.ts'
import { Invalid, NotFound } from '#server/platform/errors.ts'
import { readTime } from '#server/platform/local-time.ts'
import { object, readText } from '#server/platform/untrusted.ts'
import type { DeviceMessage } from './index.ts'

/** A tracker's clock that is further off is not believed. */
const CREDIBLE_MS = 60_000
const LONGEST_ID = 64

/** Takes one message of positions; resolves once it is durable. Throws Invalid naming the field, NotFound for no tracker of this store. */
export async function handlePositions(ctx: Context, { deviceId, body, receivedMs }: DeviceMessage): Promise<void> {
  if (deviceId === null || !trackerById(ctx, deviceId)) throw new NotFound('tracker', String(deviceId))
  const { at, people } = object(body, 'body')
  if (at !== undefined && typeof at !== 'string') throw new Invalid('at', 'must be a time')
  if (!Array.isArray(people) || people.length > MAX_PEOPLE) throw new Invalid('people', `must be a list of at most ${MAX_PEOPLE}`)
  const seen = people.map(readPerson)
  const saidMs = typeof at === 'string' ? readTime(at, ctx.config.timeZone) : null
  const atMs = saidMs !== null && Math.abs(saidMs - receivedMs) <= CREDIBLE_MS ? saidMs : receivedMs
  await recordSighting(ctx, { trackerId: deviceId, at: new Date(atMs), people: seen })
}

function readPerson(value: unknown, n: number): Person {
  const { trackId, x, y } = object(value, `people/${n}`)
  const id = readText(trackId, `people/${n}/trackId`, { max: LONGEST_ID })
  if (id === null) throw new Invalid(`people/${n}/trackId`, 'is missing')
  const metres = (name: string, each: unknown): number => {
    if (typeof each !== 'number' || !(Math.abs(each) <= MAX_METRES))
      throw new Invalid(`people/${n}/${name}`, `must be metres from −${MAX_METRES} to ${MAX_METRES}`)
    return each
  }
  return { trackId: id, x: metres('x', x), y: metres('y', y) }
}
