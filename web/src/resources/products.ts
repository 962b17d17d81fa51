/** Products: what can stand on a scale. */
import { ACTIVE } from './choices.ts'
import type { Choice, Resource } from './types.ts'

const WEIGHT_OFF: Choice[] = [
  { value: 'true', label: 'Off the catalogue' },
  { value: 'false', label: 'As the catalogue says, or not known' }
]

export const products: Resource = {
  ...{ name: 'products', path: '/products', label: 'Product', plural: 'Products', icon: 'product', group: 'Shelves' },
  about: 'What can stand on a scale: its weight says how many were taken.',
  rights: { read: 'products:read', write: 'products:write' },
  ...{ id: 'id', title: (row) => String(row.name), extent: 'whole', hasOne: true, audit: 'product' },
  can: { create: true, change: true },
  fields: [
    { name: 'name', label: 'Name', kind: 'text', column: 'shown', input: { on: 'both', required: true } },
    {
      name: 'sku',
      label: 'SKU',
      kind: 'text',
      help: 'Unique; the key of the CSV import.',
      column: 'shown',
      input: { on: 'both', required: true, placeholder: 'COLA-330' }
    },
    { name: 'barcode', label: 'Barcode', kind: 'text', column: 'more', input: { on: 'both' } },
    {
      name: 'weightGrams',
      label: 'Weight',
      kind: 'grams',
      help: 'Of one piece, in grams.',
      column: 'shown',
      input: { on: 'both', required: true }
    },
    {
      name: 'weightToleranceGrams',
      label: 'Tolerance',
      kind: 'grams',
      help: 'How much one piece may differ, in grams.',
      column: 'more',
      input: { on: 'both', initial: 0 }
    },
    {
      name: 'seenWeights.median',
      label: 'Seen weight',
      kind: 'grams',
      help: 'Of the last single pieces that people confirmed, half weighed more and half less.'
    },
    { name: 'seenWeights.spread', label: 'They scatter by', kind: 'grams', help: 'Two of three weigh within so much of it.' },
    { name: 'seenWeights.count', label: 'Pieces weighed', kind: 'number' },
    { name: 'priceMinor', label: 'Price', kind: 'money', column: 'shown', input: { on: 'both', required: true } },
    {
      name: 'active',
      label: 'State',
      kind: 'boolean',
      either: ACTIVE,
      help: 'One that is not active cannot be put into a planogram.',
      column: 'shown',
      filter: true,
      input: { on: 'both', initial: true }
    },
    { name: 'weightOff', label: 'Seen weight', kind: 'choice', choices: WEIGHT_OFF, query: 'weightOff', hidden: true },
    { name: 'suggestedWeightGrams', label: 'Suggested weight', kind: 'grams', column: 'more', hidden: true },
    { name: 'updatedAt', label: 'Changed', kind: 'time', column: 'more' },
    { name: 'createdAt', label: 'Added', kind: 'time', column: 'more' }
  ],
  notice: ({ suggestedWeightGrams, weightGrams, seenWeights }) =>
    typeof suggestedWeightGrams === 'number'
      ? `Its weight seems to be off: ${(seenWeights as { count: number }).count} pieces that people confirmed weighed ${suggestedWeightGrams} g, not ${weightGrams} g.`
      : null,
  actions: [
    {
      ...{ name: 'use-weight', label: 'Use the suggested weight', icon: 'check', right: 'products:write', method: 'PATCH' },
      path: (row) => `/products/${row.id}`,
      body: (row) => ({ weightGrams: row.suggestedWeightGrams, version: row.version }),
      isFor: (row) => typeof row.suggestedWeightGrams === 'number',
      warning: 'What is taken from now on is told by the new weight, and the thresholds of its scales follow.'
    },
    {
      ...{ name: 'deactivate', label: 'Deactivate', icon: 'close', right: 'products:write', method: 'PATCH' },
      path: (row) => `/products/${row.id}`,
      body: (row) => ({ active: false, version: row.version }),
      isFor: (row) => row.active === true,
      warning: 'They stay where they stand, and can still be billed; new planograms do not take them.'
    },
    {
      ...{ name: 'activate', label: 'Activate', icon: 'check', right: 'products:write', method: 'PATCH' },
      path: (row) => `/products/${row.id}`,
      body: (row) => ({ active: true, version: row.version }),
      isFor: (row) => row.active === false,
      warning: 'They can be put into planograms again.'
    }
  ]
}
