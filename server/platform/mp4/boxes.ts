/** Boxes of an MP4 file that lie in memory [ISO/IEC 14496-12 4.2]. */

export type Box = { type: string; body: Buffer }

/** The boxes that lie in `body` one after the other, from `start`; a broken one ends the list. */
export function boxesIn(body: Buffer, start = 0): Box[] {
  const boxes: Box[] = []
  for (let at = start; at + 8 <= body.length; ) {
    const bytes = body.readUInt32BE(at)
    if (bytes < 8 || at + bytes > body.length) break
    boxes.push({ type: body.toString('latin1', at + 4, at + 8), body: body.subarray(at + 8, at + bytes) })
    at += bytes
  }
  return boxes
}

export const children = (box: Box, type: string): Box[] => boxesIn(box.body).filter((inner) => inner.type === type)

/** The first box at a path of types below `box`; null where there is none. */
export function child(box: Box, ...path: string[]): Box | null {
  let found: Box | undefined = box
  for (const type of path) {
    if (!found) return null
    found = boxesIn(found.body).find((inner) => inner.type === type)
  }
  return found ?? null
}
