/** Draws into a yuv420p frame with soft edges, and remembers which parts it touched. Coordinates are pixels of the frame. */
import type { Frame } from '#simulator/rtsp/painted-source.ts'

export type Colour = { y: number; u: number; v: number }
export type Point = { x: number; y: number }
export type Box = { x: number; y: number; width: number; height: number }
/** How far a point lies outside (+) or inside (−) a shape. */
export type Distance = (x: number, y: number) => number

/** `hex` as in `#4f6d7a`; BT.709, limited range. */
export function colour(hex: string): Colour {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255) as [number, number, number]
  const y = 0.2126 * r + 0.7152 * g + 0.0722 * b
  return {
    y: Math.round(16 + 219 * y),
    u: Math.round(128 + (224 * (b - y)) / 1.8556),
    v: Math.round(128 + (224 * (r - y)) / 1.5748)
  }
}

/** A frame and what has been touched in it since `touched` was last emptied. */
export class Canvas {
  readonly frame: Frame
  touched: Box[] = []
  readonly luma: Uint8Array
  readonly u: Uint8Array
  readonly v: Uint8Array

  constructor(frame: Frame) {
    const { width, height, data } = frame
    this.frame = frame
    const plane = (from: number, bytes: number) => new Uint8Array(data.buffer, data.byteOffset + from, bytes)
    const pixels = width * height
    this.luma = plane(0, pixels)
    this.u = plane(pixels, pixels / 4)
    this.v = plane((pixels * 5) / 4, pixels / 4)
  }

  /** The part of a box that lies within the frame, on whole even pixels; remembered as touched. */
  touch({ x, y, width, height }: Box): Box {
    const even = (value: number, most: number) => Math.max(0, Math.min(most, value & ~1))
    const { width: w, height: h } = this.frame
    const [left, top] = [even(Math.floor(x), w), even(Math.floor(y), h)]
    const box = {
      x: left,
      y: top,
      width: even(Math.ceil(x + width) + 1, w) - left,
      height: even(Math.ceil(y + height) + 1, h) - top
    }
    if (box.width > 0 && box.height > 0) this.touched.push(box)
    return box
  }

  /** A plain rectangle on even pixels. */
  fill(box: Box, { y, u, v }: Colour): void {
    const { x, y: top, width, height } = this.touch({ ...box, width: box.width - 1, height: box.height - 1 })
    const stride = this.frame.width
    for (let row = top; row < top + height; row++) this.luma.fill(y, row * stride + x, row * stride + x + width)
    for (let row = top / 2; row < (top + height) / 2; row++) {
      const from = (row * stride + x) / 2
      this.u.fill(u, from, from + width / 2)
      this.v.fill(v, from, from + width / 2)
    }
  }

  /** A convex shape within a box, its edge one pixel soft. `alpha` from 0 to 1. */
  shape(within: Box, distance: Distance, paint: Colour, alpha = 1): void {
    const { x, y, width, height } = this.touch(within)
    const stride = this.frame.width
    const { luma } = this
    for (let row = y; row < y + height; row++) {
      const away = (column: number) => distance(column + 0.5, row + 0.5)
      sweep({ from: x, to: x + width, pitch: 1 }, away, (column, run, part) =>
        blend(luma, { at: row * stride + column, run }, { level: paint.y, part: part * alpha })
      )
    }
    for (let row = y / 2; row < (y + height) / 2; row++) {
      const away = (column: number) => distance(2 * column + 1, 2 * row + 1)
      sweep({ from: x / 2, to: (x + width) / 2, pitch: 2 }, away, (column, run, part) =>
        this.#tint({ at: (row * stride) / 2 + column, run }, part * alpha, paint)
      )
    }
  }

  /** Copies the same part of another frame of this size. */
  copy(from: Canvas, box: Box): void {
    const { x, y, width, height } = this.touch({ ...box, width: box.width - 1, height: box.height - 1 })
    const stride = this.frame.width
    for (let row = y; row < y + height; row++)
      this.luma.set(from.luma.subarray(row * stride + x, row * stride + x + width), row * stride + x)
    for (let row = y / 2; row < (y + height) / 2; row++) {
      const at = (row * stride + x) / 2
      this.u.set(from.u.subarray(at, at + width / 2), at)
      this.v.set(from.v.subarray(at, at + width / 2), at)
    }
  }

  /** A mask of coverage (0 to 255), its upper left corner at x, y. What would lie outside the frame is left out. */
  stamp(mask: { width: number; height: number; cover: Uint8Array }, { x, y }: Point, paint: Colour): void {
    const box = this.touch({ x, y, width: mask.width, height: mask.height })
    const { luma, frame } = this
    const chromaWidth = box.width / 2
    const sums = new Uint16Array((chromaWidth * box.height) / 2)
    for (let row = Math.max(y, box.y); row < Math.min(y + mask.height, box.y + box.height); row++)
      for (let column = Math.max(x, box.x); column < Math.min(x + mask.width, box.x + box.width); column++) {
        const cover = mask.cover[(row - y) * mask.width + column - x]!
        if (cover === 0) continue
        const at = row * frame.width + column
        luma[at] = luma[at]! + ((paint.y - luma[at]!) * cover) / 255
        sums[((row - box.y) >> 1) * chromaWidth + ((column - box.x) >> 1)]! += cover
      }
    for (let row = 0, n = 0; row < box.height / 2; row++)
      for (let column = 0; column < chromaWidth; column++, n++)
        if (sums[n]! > 0)
          this.#tint({ at: ((box.y / 2 + row) * frame.width + box.x) / 2 + column, run: 1 }, sums[n]! / 1020, paint)
  }

  #tint(run: Run, part: number, { u, v }: Colour): void {
    blend(this.u, run, { level: u, part })
    blend(this.v, run, { level: v, part })
  }
}

/** Goes along a row from both ends as far as the shape is only partly there, in strides where it is far off; what lies between is wholly inside. */
function sweep(
  { from, to, pitch }: { from: number; to: number; pitch: number },
  away: (column: number) => number,
  paint: (column: number, run: number, part: number) => void
): void {
  const isInside = (column: number) => {
    const distance = away(column)
    if (distance < 0.5) paint(column, distance <= -0.5 ? 0 : 1, 0.5 - distance)
    stride = Math.max(1, Math.floor((distance - 0.5) / pitch))
    return distance <= -0.5
  }
  let stride = 1
  let left = from
  while (left < to && !isInside(left)) left += stride
  let right = to - 1
  while (right > left && !isInside(right)) right -= stride
  if (left <= right) paint(left, right - left + 1, 1)
}

type Run = { at: number; run: number }
function blend(plane: Uint8Array, { at, run }: Run, { level, part }: { level: number; part: number }): void {
  if (part >= 1) return void plane.fill(level, at, at + run)
  for (let n = at; n < at + run; n++) plane[n] = Math.round(plane[n]! + (level - plane[n]!) * part)
}
