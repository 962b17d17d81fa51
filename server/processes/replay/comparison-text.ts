/** A comparison for people: the summary first, then what differs, so many of each kind. */

import type { Comparison, Summary } from './comparison.ts'
import type { CartDifference, ChangeDifference, TicketDifference } from './differences.ts'
import type { Decided } from './made.ts'

type Told = { limit: number; currency: string; settings: { name: string; before: string; after: string }[] }

/** The lines to print. */
export function tellComparison(comparison: Comparison, { limit, currency, settings }: Told): string[] {
  const { from, to, heartbeats, visits, summary, leftOut } = comparison
  const { changes, tickets, carts } = comparison.differences
  const money = moneyOf(currency)
  const body = [
    ...section('weight changes', changes.map(tellChange), limit),
    ...section('tickets', tickets.map(tellTicket), limit),
    ...section(
      'carts',
      carts.map((cart) => tellCart(cart, money)),
      limit
    )
  ]
  return [
    `${from.toISOString()} to ${to.toISOString()}: ${heartbeats} heartbeats, ${visits} visits`,
    ...settings.map(({ name, before, after }) => `${name}: ${before} → ${after}`),
    '',
    ...table(summary, money),
    ...(body.length > 0 ? body : ['', 'nothing differs']),
    ...(leftOut.length > 0 ? ['', 'left out of both runs:', ...leftOut.map((line) => `  ${line}`)] : [])
  ]
}

/** Amounts in minor units → as people write them, in the decimals of the currency. */
function moneyOf(currency: string): (minor: number) => string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency, currencyDisplay: 'code' })
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2
  return (minor) => format.format(minor / 10 ** digits).replace('\u00a0', ' ')
}

function table(summary: Summary, money: (minor: number) => string): string[] {
  const cells = summary.map(({ name, before, after, isMoney }) => {
    const show = isMoney ? money : String
    const apart = Math.round((after - before) * 100) / 100
    return [name, show(before), show(after), apart === 0 ? '' : `${apart > 0 ? '+' : '−'}${show(Math.abs(apart))}`]
  })
  const rows = [['', 'as it is', 'changed', 'difference'], ...cells]
  const widths = [0, 1, 2, 3].map((n) => Math.max(...rows.map((row) => row[n]!.length)))
  return rows.map((row) =>
    row
      .map((cell, n) => (n === 0 ? cell.padEnd(widths[n]!) : cell.padStart(widths[n]!)))
      .join('  ')
      .trimEnd()
  )
}

function section(name: string, lines: string[], limit: number): string[] {
  if (lines.length === 0) return []
  const more = lines.length > limit ? [`  … and ${lines.length - limit} more (--limit shows more)`] : []
  return ['', `${name} that differ: ${lines.length}`, ...lines.slice(0, limit).map((line) => `  ${line}`), ...more]
}

const signed = (grams: number) => `${grams < 0 ? '−' : '+'}${Math.abs(grams)} g`

function tellChange({ kind, machineId, scaleId, before, after }: ChangeDifference): string {
  const where = `${(before ?? after)!.at}  ${machineId} ${scaleId}`
  if (kind === 'appears') return `${where}  appears: ${signed(after!.grams)}`
  if (kind === 'vanishes') return `${where}  vanishes: ${signed(before!.grams)}`
  if (kind === 'time') return `${where}  ${signed(before!.grams)} at ${after!.at}`
  return `${where}  ${signed(before!.grams)} → ${signed(after!.grams)}`
}

const DECIDED: Record<Decided, string> = { empty: 'empty', confident: 'completes itself', people: 'for people' }
const tellTicket = ({ visit, enteredAt, machineId, before, after }: TicketDifference): string =>
  `${enteredAt}  visit ${visit}  ${machineId}  ${before ? DECIDED[before] : 'none'} → ${after ? DECIDED[after] : 'none'}`

const tellCart = ({ visit, enteredAt, lines, totalMinor }: CartDifference, money: (minor: number) => string): string =>
  `${enteredAt}  visit ${visit}  ${lines.map(({ sku, before, after }) => `${sku} ${before} → ${after}`).join(', ')}; ${money(totalMinor.before)} → ${money(totalMinor.after)}`
