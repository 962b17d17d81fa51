/** An aisle from above: two machines with their facings and what stands on them, and the people between. */
import type { Box, Canvas } from './canvas.ts'
import { drawBody, drawName, drawUnit, type Goods } from './figures.ts'
import { HEIGHT, type MachinePlace, type Place, WALKWAY_Y, WIDTH } from './floor-plan.ts'
import { textWidth, write } from './lettering.ts'
import { CABINET, CABINET_EDGE, FLOOR, FLOOR_LINE, INK, MUTED, PAPER } from './palette.ts'
import type { Scene } from './scene.ts'
import { roundBox } from './shapes.ts'
import type { Motif } from './view.ts'

const LABEL = 1.8
const UNIT_PIXELS = 16
const UNIT_PITCH = 20
const ROWS = 3

export function aisleMotif(place: Place, goods: Goods): Motif {
  const drawn = new Map<Box, string>()
  return {
    drawPlace(background) {
      background.fill({ x: 0, y: 0, width: WIDTH, height: HEIGHT }, FLOOR)
      for (let x = 80; x < WIDTH; x += 160) background.fill({ x, y: 0, width: 2, height: HEIGHT }, FLOOR_LINE)
      for (let y = WALKWAY_Y - 160; y < HEIGHT; y += 160) background.fill({ x: 0, y, width: WIDTH, height: 2 }, FLOOR_LINE)
      for (const machine of place.machines) drawMachine(background, machine, goods)
    },
    refresh(background, scene) {
      for (const { spec, facings } of place.machines)
        for (const [n, { stock }] of facings.entries()) {
          const units = scene.shelves.get(spec.machineId)![n]!
          if (drawn.get(stock) === units.join()) continue
          drawn.set(stock, units.join())
          drawStock(background, stock, { units, goods })
        }
    },
    drawLife(canvas, scene, ms) {
      drawPeople(canvas, scene.peopleAt(place.id, ms), { ms, goods })
    }
  }
}

/** Bodies first, then names, so that nobody stands on a name. */
export function drawPeople(
  canvas: Canvas,
  people: ReturnType<Scene['peopleAt']>,
  { ms, goods }: { ms: number; goods: Goods }
): void {
  for (const walker of people) drawBody(canvas, walker, { ms, goods })
  for (const walker of people) drawName(canvas, walker, { ms, goods })
}

function drawMachine(canvas: Canvas, { spec, isUpper, body, facings }: MachinePlace, { names }: Goods): void {
  roundBox(
    canvas,
    { ...body, x: body.x - 2, y: body.y - 2, width: body.width + 4, height: body.height + 4 },
    { radius: 10, paint: CABINET_EDGE }
  )
  roundBox(canvas, body, { radius: 9, paint: CABINET })
  const titleY = isUpper ? body.y + 10 : body.y + body.height - 23
  write(canvas, spec.displayName, { x: body.x + 14, y: titleY, size: 2.2, paint: INK })
  write(canvas, spec.machineId, { x: body.x + body.width - 14, y: titleY + 1, size: 1.8, paint: MUTED, align: 'right' })
  for (const [n, { box, stock }] of facings.entries()) {
    roundBox(canvas, box, { radius: 5, paint: PAPER })
    const labelY = isUpper ? box.y + 7 : stock.y + stock.height + 5
    const { sku } = spec.facings[n]!
    for (const [line, text] of linesOf(names.get(sku) ?? sku, box.width - 8).entries())
      write(canvas, text, { x: box.x + box.width / 2, y: labelY + line * 18, size: LABEL, paint: INK, align: 'middle' })
  }
}

/** One line where it fits, two where it does not. */
function linesOf(name: string, width: number): string[] {
  const space = name.indexOf(' ')
  return textWidth(name, LABEL) <= width || space < 0 ? [name] : [name.slice(0, space), name.slice(space + 1)]
}

/** Rows from the aisle side on. A facing that is fuller than its rows have room shows them full. */
function drawStock(canvas: Canvas, stock: Box, { units, goods }: { units: string[]; goods: Goods }): void {
  canvas.fill(stock, PAPER)
  const columns = Math.floor(stock.width / UNIT_PITCH)
  const inset = (stock.width - Math.min(columns, Math.ceil(units.length / ROWS)) * UNIT_PITCH) / 2
  for (const [n, sku] of units.slice(0, columns * ROWS).entries()) {
    const [column, row] = [Math.floor(n / ROWS), n % ROWS]
    const at = { x: stock.x + inset + (column + 0.5) * UNIT_PITCH, y: stock.y + (row + 0.5) * UNIT_PITCH + 2 }
    drawUnit(canvas, at, UNIT_PIXELS, goods.looks.get(sku))
  }
}
