/** The clock strip: what is painted is read back to the millisecond, and damage is noticed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readClockStrip, stripHeight, writeClockStrip } from './clock-strip.ts'

const SIZES = [
  [1920, 1080],
  [1280, 720],
  [640, 360],
  [320, 180],
  [854, 480]
] as const

function painted(width: number, height: number, atMs: number): Uint8Array {
  const gray = new Uint8Array(width * height).fill(120)
  writeClockStrip(gray, { width, height }, atMs)
  return gray
}

test('a time is read back exactly in pictures of any size', () => {
  for (const [width, height] of SIZES)
    for (const atMs of [0, 1, 1_767_587_400_123, Date.now(), 2 ** 47 + 5])
      assert.equal(readClockStrip(painted(width, height, atMs), { width, height }), atMs, `${width}×${height}, ${atMs}`)
})

test('noise and soft edges do not matter; a wrong block, or no strip at all, is no time', () => {
  const [width, height, atMs] = [640, 360, 1_767_587_400_123]
  const noisy = painted(width, height, atMs).map((level, n) => level + ((n * 31) % 41) - 20)
  assert.equal(readClockStrip(noisy, { width, height }), atMs)
  for (let block = 0; block < 64; block++) {
    const damaged = painted(width, height, atMs)
    const row = (height - Math.ceil(stripHeight(height) / 2)) * width
    const level = damaged[row + block * 10]!
    damaged.fill(245 - level, row + block * 10, row + block * 10 + 10)
    assert.equal(readClockStrip(damaged, { width, height }), null, `block ${block}`)
  }
  assert.equal(readClockStrip(new Uint8Array(width * height).fill(120), { width, height }), null)
})

test('a picture of half the size still tells the time', () => {
  const [width, height, atMs] = [1280, 720, 1_767_587_400_999]
  const whole = painted(width, height, atMs)
  const half = Uint8Array.from({ length: (width * height) / 4 }, (_, n) => {
    const [x, y] = [n % (width / 2), Math.floor(n / (width / 2))]
    return whole[2 * y * width + 2 * x]!
  })
  assert.equal(readClockStrip(half, { width: width / 2, height: height / 2 }), atMs)
})
