/** What a list shows as a CSV file: the chosen columns, plain values, every row that fits, not only those on the screen. */
import { get, type Page } from '#web/api.ts'
import { type Asked, listQuery } from '#web/resources/asked.ts'
import { type Field, type Resource, type Row, valueIn } from '#web/resources/types.ts'

const MOST = 100_000

/** All rows of what is asked for, page after page; `told` hears how many there are so far. */
export async function everyRow(resource: Resource, asked: Asked, told: (count: number) => void): Promise<Row[]> {
  const rows: Row[] = []
  let cursor: string | null = null
  do {
    const page: Page<Row> = await get<Page<Row>>(resource.path, { ...listQuery(resource, asked), limit: 200, cursor })
    rows.push(...page.items)
    told(rows.length)
    cursor = page.nextCursor
  } while (cursor && rows.length < MOST)
  return rows
}

/** A cell that a spreadsheet would run as a formula gets a quote before it. */
function cell(value: unknown): string {
  const text = value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

export const toCsv = (fields: Field[], rows: Row[]): string =>
  [fields.map(({ name }) => cell(name)), ...rows.map((row) => fields.map(({ name }) => cell(valueIn(row, name))))]
    .map((line) => `${line.join(',')}\r\n`)
    .join('')

export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }))
  const link = Object.assign(document.createElement('a'), { href: url, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
