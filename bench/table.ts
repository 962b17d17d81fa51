/** A benchmark's shape, and its rows as a table. */
import type { HistoryStore } from './history-store.ts'

export type Row = { name: string; values: Record<string, string | number | null> }
/** `rows` and `seconds`: smaller sizes than a benchmark's own, for a quick look. `beat`: seconds between the heartbeats of labelled cases, instead of those they come with. `history`: stores with years of rows, made by the first benchmark that opens them. */
export type BenchTools = {
  say: (line: string) => void
  data: string | null
  rows: number | null
  seconds: number | null
  beat: number | null
  history: HistoryStore
}
export type Bench = { name: string; does: string; run: (tools: BenchTools) => Promise<Row[]> }

/** Prints the rows under the names of their values, columns as wide as they need. */
export function printTable(rows: Row[], say: (line: string) => void): void {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row.values)))]
  const lines = [['', ...columns], ...rows.map((row) => [row.name, ...columns.map((column) => cell(row.values[column]))])]
  const widths = lines[0]!.map((_, n) => Math.max(...lines.map((line) => line[n]!.length)))
  for (const line of lines) say(line.map((text, n) => (n === 0 ? text.padEnd(widths[n]!) : text.padStart(widths[n]!))).join('  '))
}

const cell = (value: string | number | null | undefined): string =>
  value === null || value === undefined
    ? '–'
    : typeof value === 'number' && !Number.isInteger(value)
      ? value.toFixed(Math.abs(value) < 10 ? 2 : 1)
      : String(value)
