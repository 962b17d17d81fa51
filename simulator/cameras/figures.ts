/** Draws people from above: shoulders and head, the reaching arm, the basket with what was taken, the name. */
import type { Canvas, Colour, Point } from './canvas.ts'
import { WALKWAY_Y } from './floor-plan.ts'
import { textWidth, write } from './lettering.ts'
import { BAR, BASKET, BASKET_INSIDE, CALM, clothesOf, GOOD, HAIR, INK, type Look, PAPER, SKIN, WARNING } from './palette.ts'
import { disc, roundBox, stroke } from './shapes.ts'
import { basketAt, handAt, headingAt, justDone, type Reach, type Walker, whereAt } from './walker.ts'

/** How products look and are called. */
export type Goods = { looks: Map<string, Look>; names: Map<string, string> }

const TOLD_MS = 2300
const UNKNOWN: Look = { paint: CALM, isDotted: false }
const VERBS: Record<Reach['kind'], [string, Colour]> = {
  take: ['takes', GOOD],
  'put-back': ['puts back', WARNING],
  touch: ['hesitates', CALM],
  refill: ['fills up', CALM],
  tidy: ['clears away', CALM]
}
const TOWARDS = { up: { x: 0, y: -1 }, down: { x: 0, y: 1 }, left: { x: -1, y: 0 }, right: { x: 1, y: 0 } }

export function drawBody(canvas: Canvas, walker: Walker, { ms, goods }: { ms: number; goods: Goods }): void {
  const at = whereAt(walker, ms)!
  const isStaff = walker.person.role !== 'customer'
  const clothes = clothesOf(walker.ordinal, isStaff)
  const heading = headingAt(walker, ms)
  const towards = TOWARDS[heading]
  const isAcross = towards.x !== 0
  const [width, height] = isAcross ? [34, 66] : [66, 34]
  roundBox(canvas, { x: at.x - width / 2 + 3, y: at.y - height / 2 + 5, width, height }, { radius: 17, paint: INK, alpha: 0.16 })
  drawBasket(canvas, isAcross ? { x: at.x, y: at.y + 46 } : { x: at.x + 52, y: at.y }, basketAt(walker, ms), goods)
  const hand = handAt(walker, ms)
  if (hand) {
    const shoulder = { x: at.x + (hand.grip.x >= at.x ? 16 : -16), y: at.y + towards.y * 6 }
    const tip = { x: shoulder.x + (hand.grip.x - shoulder.x) * hand.out, y: shoulder.y + (hand.grip.y - shoulder.y) * hand.out }
    stroke(canvas, [shoulder, tip], 15, clothes)
    drawUnits(canvas, { x: tip.x, y: tip.y + towards.y * 12 }, hand.skus, goods)
    disc(canvas, tip, 9, SKIN)
  }
  roundBox(canvas, { x: at.x - width / 2, y: at.y - height / 2, width, height }, { radius: 17, paint: clothes })
  disc(canvas, { x: at.x + towards.x * 9, y: at.y + towards.y * 9 }, 13, SKIN)
  disc(canvas, { x: at.x + towards.x * 4, y: at.y + towards.y * 4 }, 15, HAIR)
}

/** The name, and for a while what was done last; on the side away from the shelf. */
export function drawName(canvas: Canvas, walker: Walker, { ms, goods }: { ms: number; goods: Goods }): void {
  const at = whereAt(walker, ms)!
  const heading = headingAt(walker, ms)
  const isAcross = TOWARDS[heading].x !== 0
  const side = heading === 'down' || (isAcross && at.y > WALKWAY_Y + 50) ? -1 : 1
  const name = walker.person.role === 'customer' ? walker.person.name : `${walker.person.name} (staff)`
  const y = at.y + (isAcross ? (side > 0 ? 84 : -54) : side * 46)
  drawPlate(canvas, name, { at: { x: at.x, y }, size: 2.2, paint: BAR })
  const done = justDone(walker, ms, TOLD_MS)
  if (!done) return
  const [verb, paint] = VERBS[done.kind]
  const what = done.skus.length > 0 ? ` ${done.skus.length} ${goods.names.get(done.skus[0]!) ?? done.skus[0]}` : ''
  drawPlate(canvas, `${verb}${what}`, { at: { x: at.x, y: y + side * 30 }, size: 2, paint })
}

function drawPlate(canvas: Canvas, text: string, { at, size, paint }: { at: Point; size: number; paint: Colour }): void {
  const [width, height] = [textWidth(text, size) + 20, size * 12]
  const left = Math.max(4, Math.min(canvas.frame.width - width - 4, at.x - width / 2))
  roundBox(canvas, { x: left, y: at.y - height / 2, width, height }, { radius: height / 2, paint })
  write(canvas, text, { x: left + 10, y: at.y - 3 * size, size, paint: PAPER })
}

function drawBasket(canvas: Canvas, { x, y }: Point, skus: string[], goods: Goods): void {
  roundBox(canvas, { x: x - 23, y: y - 19, width: 46, height: 38 }, { radius: 7, paint: BASKET })
  roundBox(canvas, { x: x - 19, y: y - 15, width: 38, height: 30 }, { radius: 4, paint: BASKET_INSIDE })
  for (const [n, sku] of skus.slice(-6).entries())
    drawUnit(canvas, { x: x - 12 + (n % 3) * 12, y: y - 7 + Math.floor(n / 3) * 13 }, 10, goods.looks.get(sku))
}

/** A handful of units around a point. */
function drawUnits(canvas: Canvas, { x, y }: Point, skus: string[], goods: Goods): void {
  const row = Math.min(3, skus.length)
  for (const [n, sku] of skus.entries())
    drawUnit(canvas, { x: x + ((n % 3) - (row - 1) / 2) * 17, y: y - Math.floor(n / 3) * 17 }, 16, goods.looks.get(sku))
}

export function drawUnit(canvas: Canvas, { x, y }: Point, size: number, { paint, isDotted }: Look = UNKNOWN): void {
  roundBox(canvas, { x: x - size / 2, y: y - size / 2, width: size, height: size }, { radius: size / 5, paint })
  if (isDotted) disc(canvas, { x, y }, size / 5, PAPER)
}
