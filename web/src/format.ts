/** Values as people read them: times in the store's zone, grams, money in major units. */

export type Locale = { timeZone: string; currency: string }
let locale: Locale = { timeZone: 'UTC', currency: 'INR' }
let formats = makeFormats()

/** Once the store is known; everything is shown in its zone and currency. */
export function setLocale(known: Locale): void {
  if (known.timeZone === locale.timeZone && known.currency === locale.currency) return // to make formats costs milliseconds
  locale = known
  formats = makeFormats()
}
export const currentLocale = (): Locale => locale

function makeFormats() {
  const zone = { timeZone: locale.timeZone, hourCycle: 'h23' } as const
  const two = '2-digit' as const
  return {
    day: new Intl.DateTimeFormat('en-GB', { ...zone, day: 'numeric', month: 'short', year: 'numeric' }),
    time: new Intl.DateTimeFormat('en-GB', { ...zone, hour: two, minute: two, second: two }),
    minute: new Intl.DateTimeFormat('en-GB', { ...zone, hour: two, minute: two }),
    dayKey: new Intl.DateTimeFormat('en-CA', { ...zone, year: 'numeric', month: two, day: two }),
    money: new Intl.NumberFormat('en-IN', { style: 'currency', currency: locale.currency }),
    number: new Intl.NumberFormat('en-IN')
  }
}

export const clock = (at: string | Date): string => formats.time.format(new Date(at))
export const clockMinute = (at: string | Date): string => formats.minute.format(new Date(at))
export const dayKey = (at: string | Date): string => formats.dayKey.format(new Date(at))
export const isToday = (at: string | Date): boolean => dayKey(at) === dayKey(new Date())
/** Today's times without their day. */
export const moment = (at: string | Date): string =>
  isToday(at) ? clock(at) : `${formats.day.format(new Date(at))}, ${clock(at)}`
export const fullMoment = (at: string | Date): string => `${formats.day.format(new Date(at))}, ${clock(at)}`
export const number = (value: number): string => formats.number.format(value)
export const grams = (value: number): string => `${formats.number.format(value)} g`
/** With its sign: what came is positive, what left negative. */
export const signedGrams = (value: number): string => `${value < 0 ? '−' : '+'}${formats.number.format(Math.abs(value))} g`

const digits = () => formats.money.resolvedOptions().maximumFractionDigits ?? 2
export const minorPerMajor = (): number => 10 ** digits()
export const money = (minor: number): string => formats.money.format(minor / minorPerMajor())

const UNITS: [ms: number, name: string][] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's']
]
/** The two largest units of a span. */
export function span(ms: number): string {
  let rest = Math.max(0, Math.round(ms / 1000) * 1000)
  const parts: string[] = []
  for (const [size, name] of UNITS) {
    const count = Math.floor(rest / size)
    if (count > 0 && parts.length < 2) parts.push(`${count} ${name}`)
    rest %= size
  }
  return parts.join(' ') || (ms > 0 ? 'under 1 s' : '0 s')
}
/** What machines count in milliseconds: of a second or more the seconds. */
export function milliseconds(ms: number): string {
  const size = Math.abs(ms)
  const sign = ms < 0 ? '−' : ''
  if (size < 1000) return `${sign}${number(Math.round(size))} ms`
  return size < 10_000 ? `${sign}${number(Math.round(size / 100) / 10)} s` : `${sign}${span(size)}`
}
export const ago = (at: string | Date, now = Date.now()): string => {
  const ms = now - new Date(at).getTime()
  return ms < 5000 ? 'just now' : `${span(ms)} ago`
}
export function bytes(value: number): string {
  const steps = ['B', 'kB', 'MB', 'GB', 'TB']
  const step = value > 0 ? Math.min(steps.length - 1, Math.floor(Math.log10(value) / 3)) : 0
  const shown = value / 1000 ** step
  return `${shown >= 100 || step === 0 ? Math.round(shown) : shown.toFixed(1)} ${steps[step]}`
}

/** The moment at which a wall clock of the store shows `local` (YYYY-MM-DDTHH:MM[:SS]), as ISO text; null when it is no time. */
export function fromStoreTime(local: string): string | null {
  const asUtc = Date.parse(`${local}Z`)
  if (Number.isNaN(asUtc)) return null
  let guess = asUtc
  for (let n = 0; n < 2; n++) guess = asUtc - offsetAt(guess)
  return new Date(guess).toISOString()
}
/** The other way: what a wall clock of the store shows, to the second. */
export const toStoreTime = (at: string): string => new Date(Date.parse(at) + offsetAt(Date.parse(at))).toISOString().slice(0, 19)

function offsetAt(ms: number): number {
  const seconds = Math.floor(ms / 1000) * 1000
  return Date.parse(`${dayKey(new Date(seconds))}T${clock(new Date(seconds))}Z`) - seconds
}
