/** Writes text: the points of a glyph are joined to strokes, so letters look drawn at any size. Each glyph is worked out once per size. */
import type { Canvas, Colour, Point } from './canvas.ts'
import { CAP_ROWS, COLUMNS, pointsOf, ROWS } from './font.ts'
import { toSegment } from './shapes.ts'

/** `size`: pixels from one point of the grid to the next; capitals are six of them high. */
export type Lettering = { x: number; y: number; size: number; paint: Colour; align?: 'left' | 'middle' | 'right' }
type Glyph = { width: number; height: number; cover: Uint8Array; advance: number; inset: number }

const SPACE_COLUMNS = 2
const THICKNESS = 1.15
const glyphs = new Map<string, Glyph>()

export const capHeight = (size: number): number => (CAP_ROWS - 1) * size

export const textWidth = (text: string, size: number): number =>
  [...text].reduce((sum, char) => sum + glyph(char, size).advance, 0) - size

/** `y` is the top of the capitals. */
export function write(canvas: Canvas, text: string, { x, y, size, paint, align = 'left' }: Lettering): void {
  let at = align === 'left' ? x : x - textWidth(text, size) / (align === 'middle' ? 2 : 1)
  for (const char of text) {
    const one = glyph(char, size)
    if (char !== ' ') canvas.stamp(one, { x: Math.round(at - one.inset), y: Math.round(y) - one.inset }, paint)
    at += one.advance
  }
}

function glyph(char: string, size: number): Glyph {
  const key = `${char}${size}`
  const known = glyphs.get(key)
  if (known) return known
  const made = draw(char, size)
  glyphs.set(key, made)
  return made
}

function draw(char: string, size: number): Glyph {
  const points = pointsOf(char)
  const used = points.map(([column]) => column)
  const isDigit = char >= '0' && char <= '9'
  const [first, last] = isDigit || used.length === 0 ? [0, COLUMNS - 1] : [Math.min(...used), Math.max(...used)]
  const columns = used.length === 0 ? SPACE_COLUMNS : last - first + 1
  const inset = Math.ceil(size)
  const [width, height] = [Math.ceil(columns * size) + inset, Math.ceil(ROWS * size) + inset]
  const cover = new Uint8Array(width * height)
  const radius = Math.max(0.7, (size * THICKNESS) / 2)
  const segments = joined(points).map(([a, b]): [Point, Point] => [place(a, first), place(b, first)])
  function place([column, row]: [number, number], from: number): Point {
    return { x: (column - from) * size + inset, y: row * size + inset }
  }
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const distance = Math.min(...segments.map((segment) => toSegment(x + 0.5, y + 0.5, segment)))
      cover[y * width + x] = 255 * Math.max(0, Math.min(1, radius + 0.5 - distance))
    }
  return { width, height, cover, advance: (columns + 1) * size, inset }
}

/** Each point with its neighbours to the right and below, and aslant where no straight way leads there. */
function joined(points: [number, number][]): [[number, number], [number, number]][] {
  const isSet = (column: number, row: number) => points.some(([c, r]) => c === column && r === row)
  return points.flatMap(([column, row]) => {
    const here: [number, number] = [column, row]
    const ends: [number, number][] = [here]
    if (isSet(column + 1, row)) ends.push([column + 1, row])
    if (isSet(column, row + 1)) ends.push([column, row + 1])
    for (const side of [-1, 1])
      if (isSet(column + side, row + 1) && !isSet(column + side, row) && !isSet(column, row + 1))
        ends.push([column + side, row + 1])
    return ends.map((end): [[number, number], [number, number]] => [here, end])
  })
}
