/** The few shapes that the pictures are made of. */
import type { Box, Canvas, Colour, Point } from './canvas.ts'

export function disc(canvas: Canvas, { x, y }: Point, radius: number, paint: Colour): void {
  const box = { x: x - radius - 1, y: y - radius - 1, width: 2 * radius + 2, height: 2 * radius + 2 }
  canvas.shape(box, (px, py) => Math.hypot(px - x, py - y) - radius, paint)
}

/** A line with round ends. */
export function stroke(canvas: Canvas, [from, to]: [Point, Point], width: number, paint: Colour): void {
  const radius = width / 2
  const [x, y] = [Math.min(from.x, to.x) - radius - 1, Math.min(from.y, to.y) - radius - 1]
  const box = { x, y, width: Math.abs(to.x - from.x) + width + 2, height: Math.abs(to.y - from.y) + width + 2 }
  canvas.shape(box, (px, py) => toSegment(px, py, [from, to]) - radius, paint)
}

export function roundBox(
  canvas: Canvas,
  box: Box,
  { radius, paint, alpha = 1 }: { radius: number; paint: Colour; alpha?: number }
): void {
  const [halfWidth, halfHeight] = [box.width / 2, box.height / 2]
  const [x, y] = [box.x + halfWidth, box.y + halfHeight]
  const distance = (px: number, py: number) => {
    const [dx, dy] = [Math.abs(px - x) - halfWidth + radius, Math.abs(py - y) - halfHeight + radius]
    return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - radius
  }
  canvas.shape({ x: box.x - 1, y: box.y - 1, width: box.width + 2, height: box.height + 2 }, distance, paint, alpha)
}

/** How far a point is from a line between two others. */
export function toSegment(px: number, py: number, [from, to]: [Point, Point]): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y]
  const along = dx === 0 && dy === 0 ? 0 : ((px - from.x) * dx + (py - from.y) * dy) / (dx * dx + dy * dy)
  const at = Math.max(0, Math.min(1, along))
  return Math.hypot(px - from.x - at * dx, py - from.y - at * dy)
}
