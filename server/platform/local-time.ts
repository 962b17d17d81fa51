/** Times as devices write them: RFC 3339, or without a zone in the store's own time. */
import { DateTime } from 'luxon'

const ZONED = /(Z|[+-]\d\d:?\d\d)$/i

/** Milliseconds since the epoch, or null for what is no time. Zoneless text is read in `zone` (IANA name). */
export function readTime(text: string, zone: string): number | null {
  const trimmed = text.trim()
  const iso = trimmed.replace(' ', 'T')
  if (ZONED.test(iso)) return finite(Date.parse(iso))
  return finite(DateTime.fromISO(iso, { zone }).toMillis())
}

const finite = (ms: number): number | null => (Number.isFinite(ms) ? ms : null)
