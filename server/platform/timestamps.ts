/** Times as PostgreSQL writes them, pure. */

/** `2026-01-02 03:04:05[.123456]+00`, cut to the millisecond; null: written in another way, or long ago. Takes no text apart: each part would be one more. */
export function timestampInUtc(text: string): Date | null {
  if (text.length < 22 || text.length > 29 || text[0] === '0' || text[10] !== ' ' || !text.endsWith('+00')) return null
  const digit = (at: number) => text.charCodeAt(at) - 48
  const two = (at: number) => 10 * digit(at) + digit(at + 1)
  const end = text.length - 3
  const thousandths = (end > 20 ? 100 * digit(20) : 0) + (end > 21 ? 10 * digit(21) : 0) + (end > 22 ? digit(22) : 0)
  return new Date(Date.UTC(100 * two(0) + two(2), two(5) - 1, two(8), two(11), two(14), two(17), thousandths))
}
