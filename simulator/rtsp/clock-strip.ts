/**
 * The clock that programs read out of a picture: 64 blocks in a row along the lower edge, each a 64th of the width wide, the row a 90th of the
 * height high; dark is 0, bright is 1. From left to right: 1010, the Unix milliseconds in 48 bits, a CRC-8 of these, 0101. Any decoder's gray
 * picture will do, also a scaled one.
 */

const BLOCKS = 64
const [HEAD, TAIL] = ['1010', '0101']
const [DARK, BRIGHT] = [40, 205]
const LEAST_CONTRAST = 60

type Picture = { width: number; height: number }
export const stripHeight = (height: number): number => Math.max(4, Math.round(height / 90))
const edge = (block: number, width: number) => Math.round((block * width) / BLOCKS)

/** Paints the strip into a plane of brightness. */
export function writeClockStrip(gray: Uint8Array, { width, height }: Picture, atMs: number): void {
  const bits = bitsOf(atMs)
  const from = (height - stripHeight(height)) * width
  for (let block = 0; block < BLOCKS; block++)
    gray.fill(bits[block] === '1' ? BRIGHT : DARK, from + edge(block, width), from + edge(block + 1, width))
  for (let y = height - stripHeight(height) + 1; y < height; y++) gray.copyWithin(y * width, from, from + width)
}

/** The Unix milliseconds of a decoded gray picture, or null when it carries no strip or a damaged one. */
export function readClockStrip(gray: Uint8Array, { width, height }: Picture): number | null {
  const y = height - Math.ceil(stripHeight(height) / 2)
  const levels = Array.from({ length: BLOCKS }, (_, block) =>
    meanAround(gray, y * width, edge(block, width), edge(block + 1, width))
  )
  const [dark, bright] = [Math.min(...levels), Math.max(...levels)]
  if (bright - dark < LEAST_CONTRAST) return null
  const bits = levels.map((level) => (level > (dark + bright) / 2 ? '1' : '0')).join('')
  const atMs = Number.parseInt(bits.slice(4, 52), 2)
  return bits === bitsOf(atMs) ? atMs : null
}

function meanAround(gray: Uint8Array, row: number, from: number, to: number): number {
  const inset = Math.floor((to - from) / 4)
  const part = gray.subarray(row + from + inset, row + Math.max(from + inset + 1, to - inset))
  return part.reduce((sum, level) => sum + level, 0) / part.length
}

function bitsOf(atMs: number): string {
  const time = Math.round(atMs).toString(2).padStart(48, '0').slice(-48)
  return `${HEAD}${time}${crc8(time).toString(2).padStart(8, '0')}${TAIL}`
}

function crc8(bits: string): number {
  let crc = 0xff
  for (const bit of bits) crc = ((crc << 1) ^ (crc >> 7 === Number(bit) ? 0 : 7)) & 0xff
  return crc
}
