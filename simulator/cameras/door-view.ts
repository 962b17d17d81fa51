/** A door from above: the street, the wall with the sliding door, the scanner and what it says, the shop inside. */
import { drawPeople } from './aisle-view.ts'
import type { Canvas, Colour } from './canvas.ts'
import type { Goods } from './figures.ts'
import { DOORS, HEIGHT, type Place, WIDTH } from './floor-plan.ts'
import { write } from './lettering.ts'
import { BAD, BAR, CALM, FLOOR, FLOOR_LINE, GLASS, GOOD, INK, MUTED, PAPER, STREET, STREET_LINE, WALL } from './palette.ts'
import type { DoorEvent } from './scene.ts'
import { disc, roundBox } from './shapes.ts'
import type { Motif } from './view.ts'

const TOLD_MS = 3000

export function doorMotif({ id, kind }: Place, goods: Goods): Motif {
  if (kind === 'aisle') throw new Error(`${id} has no door`)
  const { wall, opening, scanner, outside } = DOORS[kind]
  return {
    drawPlace(background) {
      const [street, shop] = outside === 'left' ? [0, wall.x] : [wall.x, 0]
      drawGround(background, { x: shop, width: outside === 'left' ? WIDTH - wall.x : wall.x }, { floor: FLOOR, line: FLOOR_LINE })
      drawGround(
        background,
        { x: street, width: outside === 'left' ? wall.x : WIDTH - wall.x },
        { floor: STREET, line: STREET_LINE }
      )
      background.fill(wall, WALL)
      background.fill({ ...opening, x: opening.x - 2, width: opening.width + 4 }, FLOOR)
      const sign = { x: outside === 'left' ? 160 : WIDTH - 160, y: 650, size: 3, align: 'middle' } as const
      write(background, 'STREET', { ...sign, paint: MUTED })
      write(background, 'SHOP', { ...sign, x: WIDTH - sign.x, paint: MUTED })
      roundBox(background, { x: wall.x - 108, y: 72, width: 240, height: 68 }, { radius: 10, paint: PAPER })
      write(background, kind.toUpperCase(), { x: wall.x + 12, y: 92, size: 5, paint: INK, align: 'middle' })
    },
    refresh: () => undefined,
    drawLife(canvas, scene, ms) {
      const { last, open } = scene.doorAt(kind, ms)
      drawDoor(canvas, opening, open)
      const isFresh = last && ms - last.ms < TOLD_MS
      drawScanner(canvas, scanner, isFresh ? last : null)
      drawPeople(canvas, scene.peopleAt(id, ms), { ms, goods })
      if (isFresh) drawMessage(canvas, wall.x + 12, { event: last, kind })
    }
  }
}

function drawGround(
  canvas: Canvas,
  { x, width }: { x: number; width: number },
  { floor, line }: { floor: Colour; line: Colour }
): void {
  canvas.fill({ x, y: 0, width, height: HEIGHT }, floor)
  for (let y = 100; y < HEIGHT; y += 140) canvas.fill({ x, y, width, height: 2 }, line)
}

/** Two leaves of glass that slide into the wall. */
function drawDoor(canvas: Canvas, { x, y, width, height }: typeof DOORS.entry.opening, open: number): void {
  const leaf = Math.round((height / 2) * (1 - open * 0.94))
  for (const top of [y, y + height - leaf])
    roundBox(canvas, { x: x + 7, y: top, width: width - 14, height: leaf }, { radius: 3, paint: GLASS })
}

const lampOf = (event: DoorEvent | null): Colour => (!event?.isAnswered ? CALM : event.refused ? BAD : GOOD)

function drawScanner(canvas: Canvas, { x, y }: { x: number; y: number }, event: DoorEvent | null): void {
  roundBox(canvas, { x: x - 22, y: y - 22, width: 44, height: 44 }, { radius: 8, paint: BAR })
  disc(canvas, { x, y }, 13, lampOf(event))
  disc(canvas, { x, y }, 6, PAPER)
}

function drawMessage(canvas: Canvas, x: number, { event, kind }: { event: DoorEvent; kind: 'entry' | 'exit' }): void {
  const greeting = kind === 'entry' ? `welcome, ${event.name}` : `goodbye, ${event.name}`
  const text = !event.isAnswered ? `${event.name} shows a code` : event.refused ? `refused: ${event.refused}` : greeting
  roundBox(canvas, { x: x - 190, y: 152, width: 380, height: 44 }, { radius: 22, paint: lampOf(event) })
  write(canvas, text, { x, y: 166, size: 2.6, paint: PAPER, align: 'middle' })
}
