/** Lines for the person who waits: what is being done, and every few seconds how far it is. */

export type Say = (line: string) => void

const SPEAK_EVERY_MS = 5000

/** Counts the bytes of one table; says how far it is when it takes long. */
export function progressOf(say: Say, name: string): (bytes: number) => void {
  const startedMs = performance.now()
  let spokenMs = startedMs
  let bytes = 0
  return (more) => {
    bytes += more
    const nowMs = performance.now()
    if (nowMs - spokenMs < SPEAK_EVERY_MS) return
    spokenMs = nowMs
    say(`  ${name}: ${sizeOf(bytes)} so far, ${sizeOf((bytes / (nowMs - startedMs)) * 1000)}/s`)
  }
}

/** Bytes for people: 12 kB, 3.4 MB. */
export function sizeOf(bytes: number): string {
  const [unit, scale] = bytes >= 1e9 ? ['GB', 1e9] : bytes >= 1e6 ? ['MB', 1e6] : ['kB', 1e3]
  const value = bytes / Number(scale)
  return `${value >= 100 || unit === 'kB' ? Math.ceil(value) : value.toFixed(1)} ${unit}`
}

/** Rows for people: 1 234 567. */
export const countOf = (rows: number): string => String(rows).replace(/\B(?=(\d{3})+$)/g, ' ')

export const secondsSince = (startedMs: number): string => `${((performance.now() - startedMs) / 1000).toFixed(1)} s`
