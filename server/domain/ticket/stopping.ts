/** What a stop on somebody's way says of what was done there, pure: most stop to take something, and walk on soon after the last. */
import { leaving } from './leaving.ts'

/**
 * Where somebody stood still on the way; `endMs` is when they walked on, or were last seen there (`isOver` false). It was done between
 * `fromMs` and `toMs`, if there.
 */
export type Stop = { key: string; endMs: number; isOver: boolean; fromMs: number; toMs: number }

/** A stop at which something is taken is so much likelier than one without; a second thing at one stop is less usual than the first. */
const STOP = { first: 2.5, more: 0.6 }

/** How many times likelier a stop becomes, where these things were done, by one more: people walk on soon after the last. */
export function oddsOfStop(done: Stop[], more: Stop): number {
  const [first] = done
  if (!first) return STOP.first * leaving(more)
  let last = first
  for (const each of done) if (middleOf(each) > middleOf(last)) last = each
  return middleOf(more) > middleOf(last) ? (STOP.more * leaving(more)) / leaving(last) : STOP.more
}

/** Of the time in which it was done, twice. */
const middleOf = ({ fromMs, toMs }: Stop): number => fromMs + toMs
