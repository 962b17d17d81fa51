/** Values from outside that nobody vouches for: JSON of bounded depth, objects, text that a database can hold. Each throws Invalid naming the field. */
import { Invalid } from './errors.ts'

const MAX_DEPTH = 8

/** JSON from outside. Throws Invalid for what is none, or nested deeper than 8 levels. */
export function readJson(text: string, field: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Invalid(field, 'is not JSON')
  }
  if (isDeeper(value, MAX_DEPTH)) throw new Invalid(field, `may be nested ${MAX_DEPTH} levels deep`)
  return value
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1))
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
