/** Products as CSV: which columns there are, and what a row of a person's file means. Pure. */
import { Compile } from 'typebox/compile'
import { ProductInput } from '#contracts/api/products.ts'
import { readCsv, writeCsv } from '#server/platform/csv.ts'
import { Invalid } from '#server/platform/errors.ts'

const COLUMNS = ['sku', 'barcode', 'name', 'weightGrams', 'weightToleranceGrams', 'priceMinor', 'active'] as const
type Column = (typeof COLUMNS)[number]
const NEEDED: Column[] = ['sku', 'name', 'weightGrams', 'priceMinor']
const input = Compile(ProductInput)

type Facts = {
  sku: string
  barcode: string | null
  name: string
  weightGrams: number
  weightToleranceGrams: number
  priceMinor: number
  active: boolean
}

/** The file of all `products`, header first. */
export const productsToCsv = (products: Facts[]): string =>
  writeCsv([[...COLUMNS], ...products.map((product) => COLUMNS.map((column) => product[column]))])

/** The products of a file with a header row, in any order of columns. Throws Invalid naming line and column; optional columns may be missing. */
export function productsFromCsv(text: string): ProductInput[] {
  const [header, ...rows] = readCsv(text)
  const columns = (header?.cells ?? []).map((cell) => cell.trim())
  const stranger = columns.find((column) => !COLUMNS.includes(column as Column))
  if (stranger !== undefined) throw new Invalid(`line 1/${stranger}`, `is no column; there are ${COLUMNS.join(', ')}`)
  const lacking = NEEDED.find((column) => !columns.includes(column))
  if (lacking) throw new Invalid(`line 1/${lacking}`, 'is a column this file must have')
  const twice = columns.find((column, n) => columns.indexOf(column) !== n)
  if (twice) throw new Invalid(`line 1/${twice}`, 'is there twice')
  const lines = new Map<string, number>()
  return rows.map(({ line, cells }) => {
    if (cells.length !== columns.length)
      throw new Invalid(`line ${line}`, `has ${cells.length} cells, the header has ${columns.length}`)
    const product = productOf(line, Object.fromEntries(columns.map((column, n) => [column, cells[n]!.trim()])))
    if (lines.has(product.sku))
      throw new Invalid(`line ${line}/sku`, `${product.sku} is already in line ${lines.get(product.sku)}`)
    lines.set(product.sku, line)
    return product
  })
}

function productOf(line: number, cells: Partial<Record<Column, string>>): ProductInput {
  const { barcode, weightToleranceGrams, active, ...rest } = cells
  const value = {
    ...rest,
    weightGrams: wholeNumber(cells.weightGrams!),
    priceMinor: wholeNumber(cells.priceMinor!),
    ...(barcode !== undefined && { barcode: barcode || null }),
    ...(weightToleranceGrams && { weightToleranceGrams: wholeNumber(weightToleranceGrams) }),
    ...(active && { active: { true: true, false: false }[active.toLowerCase()] ?? active })
  }
  if (input.Check(value)) return value
  const [error] = input.Errors(value)
  throw new Invalid(`line ${line}/${error?.instancePath.split('/')[1] ?? 'row'}`, error?.message ?? 'is wrong')
}

const wholeNumber = (text: string) => (/^-?\d{1,10}$/.test(text) ? Number(text) : text)
