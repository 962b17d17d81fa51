/** The pictures: nothing is left behind by what moved, and nothing is drawn outside the frame. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blankFrame, type Frame } from '#simulator/rtsp/painted-source.ts'
import { simulateStory } from '#simulator/story.ts'
import { aisleMotif } from './aisle-view.ts'
import { Canvas, colour } from './canvas.ts'
import { doorMotif } from './door-view.ts'
import { HEIGHT, openFloorPlan, WIDTH } from './floor-plan.ts'
import { capHeight, textWidth, write } from './lettering.ts'
import { looksOf } from './palette.ts'
import { Scene } from './scene.ts'
import { disc, roundBox, stroke } from './shapes.ts'
import { openView } from './view.ts'

const PLAIN = colour('#808080')
const RED = colour('#c02020')
const plain = (width: number, height: number) => {
  const canvas = new Canvas(blankFrame(width, height))
  canvas.fill({ x: 0, y: 0, width, height }, PLAIN)
  return canvas
}
const lumaAt = ({ luma, frame }: Canvas, x: number, y: number) => luma[y * frame.width + x]

test('when everybody has left, each picture is as if nobody had been there', async () => {
  const story = simulateStory({ seed: 6, scenario: 'busy-hour', shoppers: 6, seconds: 80 })
  const plan = openFloorPlan(story.scenario.machines)
  const scene = new Scene(plan, story.stage.machines)
  story.stage.witness = (sight) => scene.witness(sight)
  const { startMs } = story.stage
  const skus = story.scenario.products.map(({ sku }) => sku)
  const goods = { looks: looksOf(skus), names: new Map<string, string>() }
  const view = (n: number) => {
    const place = plan[n]!
    const motif = place.kind === 'aisle' ? aisleMotif(place, goods) : doorMotif(place, goods)
    const paint = openView({ title: place.id, motif, scene, storyMs: (atMs) => atMs - startMs })
    const frame = blankFrame(WIDTH, HEIGHT)
    return (atMs: number): Frame => {
      paint(frame, atMs)
      return frame
    }
  }
  const views = plan.map((_, n) => view(n))
  const isBusy = views.map(() => false)
  let atMs = startMs
  for await (const message of story) {
    if (message.kind === 'scan') story.hearDoor(message, { visitId: message.visitKey })
    for (; atMs < message.at.getTime() - 1000; atMs += 250)
      for (const [n, paint] of views.entries()) {
        paint(atMs)
        isBusy[n] ||= scene.peopleAt(plan[n]!.id, atMs - startMs).length > 0
      }
  }
  atMs = startMs + 3_600_000
  assert.deepEqual(isBusy, [true, true, true, true])
  for (const [n, paint] of views.entries()) assert(paint(atMs).data.equals(view(n)(atMs).data), `${plan[n]!.id} keeps traces`)
})

test('a picture is repainted only where something moves', () => {
  const story = simulateStory({ seed: 6, scenario: 'quiet-morning', seconds: 60 })
  const plan = openFloorPlan(story.scenario.machines)
  const scene = new Scene(plan, story.stage.machines)
  const motif = aisleMotif(plan[1]!, { looks: new Map(), names: new Map() })
  const paint = openView({ title: 'Aisle 1', motif, scene, storyMs: (atMs) => atMs })
  const frame = blankFrame(WIDTH, HEIGHT)
  paint(frame, 0)
  frame.data.fill(1, (HEIGHT / 2) * WIDTH, (HEIGHT / 2 + 1) * WIDTH)
  paint(frame, 100)
  assert(frame.data.subarray((HEIGHT / 2) * WIDTH, (HEIGHT / 2 + 1) * WIDTH).every((level) => level === 1))
})

test('shapes and letters beyond the edges are cut off there', () => {
  for (const [x, y] of [
    [0, 50],
    [100, 50],
    [50, 0],
    [50, 100],
    [-40, -40],
    [140, 140]
  ] as const) {
    const canvas = plain(100, 100)
    disc(canvas, { x, y }, 20, RED)
    stroke(
      canvas,
      [
        { x, y },
        { x: x + 30, y: y + 10 }
      ],
      9,
      RED
    )
    roundBox(canvas, { x: x - 25, y: y - 5, width: 50, height: 10 }, { radius: 4, paint: RED })
    write(canvas, 'edge', { x: x - 10, y: y - 8, size: 3, paint: RED })
    for (let row = 0; row < 100; row++)
      for (const column of [0, 99])
        if (Math.abs(column - x) > 60 || Math.abs(row - y) > 60)
          assert.equal(lumaAt(canvas, column, row), PLAIN.y, `${x}, ${y} reaches ${column}, ${row}`)
  }
})

test('a disc is full in the middle, soft at its edge and nowhere beyond it', () => {
  const canvas = plain(100, 100)
  disc(canvas, { x: 50, y: 50 }, 20, RED)
  assert.equal(lumaAt(canvas, 50, 50), RED.y)
  assert.deepEqual([canvas.u[25 * 50 + 25], canvas.v[25 * 50 + 25]], [RED.u, RED.v])
  assert.equal(lumaAt(canvas, 72, 50), PLAIN.y)
  const area = canvas.luma.reduce((sum, level) => sum + (PLAIN.y - level) / (PLAIN.y - RED.y), 0)
  assert(Math.abs(area - Math.PI * 400) < 8, `area ${area}`)
})

test('each letter of the font is different, and as wide as is reckoned', () => {
  const seen = new Map<string, string>()
  for (let code = 33; code < 127; code++) {
    const char = String.fromCharCode(code)
    const canvas = plain(40, 48)
    write(canvas, char, { x: 4, y: 4, size: 4, paint: RED })
    const ink = Buffer.from(canvas.luma).toString('latin1')
    assert(!seen.has(ink), `${char} looks like ${seen.get(ink)}`)
    seen.set(ink, char)
    const right = Math.ceil(4 + textWidth(char, 4) + 4)
    for (let row = 0; row < 48; row++)
      assert.equal(lumaAt(canvas, right, row), PLAIN.y, `${char} is wider than ${textWidth(char, 4)}`)
  }
  assert.equal(capHeight(4), 24)
})
