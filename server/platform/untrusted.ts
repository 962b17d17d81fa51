/** Values from outside that nobody vouches for: JSON of bounded depth, objects, text that a database can hold. Each throws Invalid naming the field. */
import { Invalid } from './errors.ts'

export const MAX_JSON_DEPTH = 8

/** JSON from outside. Throws Invalid for what is none, or nested deeper than 8 levels. */
export function readJson(text: string, field: string): unknown {
  if (isDeepJson(text)) throw new Invalid(field, `may be nested ${MAX_JSON_DEPTH} levels deep`)
  try {
    return JSON.parse(text)
  } catch {
    throw new Invalid(field, 'is not JSON')
  }
}

/** What the web framework's careful parser must look at: names that poison an object, escapes that hide them or what a database cannot hold. */
const UNUSUAL = /__proto__|constructor|\\u/

/** The JSON of a text that needs no second look; undefined for any other. Throws SyntaxError for what is no JSON. */
export function plainJson(text: string): unknown {
  return UNUSUAL.test(text) || isDeepJson(text) ? undefined : JSON.parse(text)
}

/**
 * Are there more than 8 arrays and objects within each other in this text, as far as it is JSON? Asked before it is parsed: V8 takes 50 ms
 * for 200 kB of brackets, and nobody else is served meanwhile.
 */
export function isDeepJson(text: string): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = closingQuote(text, at)
      if (at < 0) return false
    } else if (code === OPEN_ARRAY || code === OPEN_OBJECT) {
      if (++depth > MAX_JSON_DEPTH) return true
    } else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) depth--
  }
  return false
}

const QUOTE = 0x22 // "
const BACKSLASH = 0x5c // \
const OPEN_ARRAY = 0x5b // [
const CLOSE_ARRAY = 0x5d // ]
const OPEN_OBJECT = 0x7b // {
const CLOSE_OBJECT = 0x7d // }

/** Where the string ends that begins at `at`; -1 when it does not. A quote after an odd number of backslashes is one of its characters. */
function closingQuote(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++
    if (slashes % 2 === 0) return end
  }
  return -1
}

/** An object, whatever is in it. Throws Invalid. */
export function object(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Invalid(field, 'must be a JSON object')
  return value as Record<string, unknown>
}

/** Text of at most `max` characters that PostgreSQL can keep: no NUL, no half of a surrogate pair; null where there is none. Throws Invalid. */
export function readText(value: unknown, field: string, { min = 1, max }: { min?: number; max: number }): string | null {
  if (value === null || value === undefined) return null
  if (typeof value !== 'string' || value.length < min || value.length > max || value.includes('\0') || !value.isWellFormed())
    throw new Invalid(field, `must be text of ${min} to ${max} characters`)
  return value
}
