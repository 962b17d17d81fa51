/** The pictures' colours: calm, and the same thing always in the same one. */
import { type Colour, colour } from './canvas.ts'

export const INK = colour('#25323b')
export const PAPER = colour('#f7f9f8')
export const MUTED = colour('#6d7d87')
export const BAR = colour('#25323b')
export const BAR_TEXT = colour('#eef3f2')
export const BAR_MUTED = colour('#9fb0b8')
export const FLOOR = colour('#e4e9ea')
export const FLOOR_LINE = colour('#d8dfe1')
export const STREET = colour('#cdd3d4')
export const STREET_LINE = colour('#bcc5c7')
export const WALL = colour('#8b99a0')
export const GLASS = colour('#a9cfd6')
export const CABINET = colour('#c3ced2')
export const CABINET_EDGE = colour('#93a3aa')
export const HAIR = colour('#453c38')
export const SKIN = colour('#d7ab86')
export const BASKET = colour('#9a7b56')
export const BASKET_INSIDE = colour('#efe6d8')
export const GOOD = colour('#3f8f63')
export const WARNING = colour('#b8762a')
export const BAD = colour('#b8473d')
export const CALM = colour('#4d7391')

const CLOTHES = ['#4f7ea3', '#8c6a94', '#5d9169', '#bd7b55', '#3f8f92', '#a88946', '#6f76b5', '#a55f70'].map(colour)
const STAFF = colour('#d8a13a')
const GOODS = [
  '#c9704f',
  '#dba53c',
  '#7ba447',
  '#46998a',
  '#5189bf',
  '#8672b5',
  '#c4648a',
  '#9d7f5b',
  '#62a9b3',
  '#aaa63c',
  '#d48a67',
  '#71889f'
].map(colour)

export const clothesOf = (ordinal: number, isStaff: boolean): Colour => (isStaff ? STAFF : CLOTHES[ordinal % CLOTHES.length]!)

/** A dot tells a second product of the same colour apart. */
export type Look = { paint: Colour; isDotted: boolean }
/** Neighbours on a shelf never look alike: products take the colours in their order. */
export const looksOf = (skus: string[]): Map<string, Look> =>
  new Map(skus.map((sku, n) => [sku, { paint: GOODS[n % GOODS.length]!, isDotted: Math.floor(n / GOODS.length) % 2 === 1 }]))
