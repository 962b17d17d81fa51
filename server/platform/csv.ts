/** CSV as RFC 4180 has it, both ways, safe to open in a spreadsheet: a cell that would be taken for a formula goes out behind an apostrophe. */
import { Invalid } from './errors.ts'

export type CsvRow = { line: number; cells: string[] }

const FORMULA = /^'*[=+\-@\t\r]/ // also with apostrophes before it, so that reading knows whose they are

/** Writes rows with CRLF line ends. */
export const writeCsv = (rows: (string | number | boolean | null)[][]): string =>
  rows.map((row) => `${row.map(writeCell).join(',')}\r\n`).join('')

function writeCell(value: string | number | boolean | null): string {
  const text = value === null ? '' : String(value)
  const safe = typeof value === 'string' && FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Takes back what `writeCsv` put before a formula. */
const readCell = (text: string) => (text.startsWith("'") && FORMULA.test(text) ? text.slice(1) : text)

/** Reads rows with the line each begins on; empty lines are left out. Throws Invalid naming the line where a quote is not closed or misplaced. */
export function readCsv(text: string): CsvRow[] {
  const rows: CsvRow[] = []
  let at = text.startsWith('\uFEFF') ? 1 : 0
  let line = 1
  while (at < text.length) {
    const row: CsvRow = { line, cells: [] }
    for (;;) {
      const cell = text[at] === '"' ? quotedCell(text, at) : plainCell(text, at)
      if (!cell || !/^(?:,|\r?\n|$)/.test(text.slice(cell.end, cell.end + 2)))
        throw new Invalid(`line ${row.line}`, 'a quote is not closed or stands inside a cell')
      row.cells.push(readCell(cell.value))
      line += cell.value.split('\n').length - 1
      at = cell.end
      if (text[at] !== ',') break
      at++
    }
    at += text.startsWith('\r\n', at) ? 2 : 1
    line++
    if (row.cells.length > 1 || row.cells[0] !== '') rows.push(row)
  }
  return rows
}

type Cell = { value: string; end: number }

const PLAIN = /[^",\r\n]*/y

function plainCell(text: string, at: number): Cell {
  PLAIN.lastIndex = at
  const value = PLAIN.exec(text)![0]
  return { value, end: at + value.length }
}

/** The cell whose opening quote is at `at`; null when it never closes. */
function quotedCell(text: string, at: number): Cell | null {
  let end = at + 1
  for (;;) {
    const quote = text.indexOf('"', end)
    if (quote < 0) return null
    if (text[quote + 1] !== '"') return { value: text.slice(at + 1, quote).replaceAll('""', '"'), end: quote + 1 }
    end = quote + 2
  }
}
