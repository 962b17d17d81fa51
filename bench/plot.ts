/** Figures over time as a line of blocks, and whether they grow. */

const BLOCKS = '▁▂▃▄▅▆▇█'

/** One character for each of at most `columns` spans of equal length, from the least to the greatest value. */
export function plotOf(values: number[], columns = 60): string {
  const width = Math.max(1, values.length / columns)
  const spans = Array.from({ length: Math.min(columns, values.length) }, (_, n) =>
    mean(values.slice(Math.floor(n * width), Math.max(Math.floor(n * width) + 1, Math.floor((n + 1) * width))))
  )
  const [least, most] = [Math.min(...spans), Math.max(...spans)]
  const level = (value: number) => (most === least ? 0 : Math.round(((value - least) / (most - least)) * (BLOCKS.length - 1)))
  return spans.map((value) => BLOCKS[level(value)]).join('')
}

/** By how much a value grows from one sample to the next, by least squares. */
export function slopeOf(values: number[]): number {
  const [meanX, meanY] = [(values.length - 1) / 2, mean(values)]
  let [above, below] = [0, 0]
  for (const [x, y] of values.entries()) {
    above += (x - meanX) * (y - meanY)
    below += (x - meanX) ** 2
  }
  return below === 0 ? 0 : above / below
}

export const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
