/** Products: what can stand on a scale. */
import { ACTIVE } from './choices.ts'
import type { Resource } from './types.ts'

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
    { name: 'updatedAt', label: 'Changed', kind: 'time', column: 'more' },
    { name: 'createdAt', label: 'Added', kind: 'time', column: 'more' }
  ],
  actions: [
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
