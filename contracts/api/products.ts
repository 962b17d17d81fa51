/** Products: what can stand on a scale, its weight and its price. */
import { type Static, Type } from 'typebox'
import { Nullable, PageQuery, Time, Uuid, Version } from './shared.ts'

const Sku = Type.String({ pattern: '^[A-Za-z0-9._/+-]{1,64}$', description: 'unique; the key of CSV import' })
const Barcode = Nullable(Type.String({ pattern: '^[0-9A-Za-z-]{1,48}$' }))
const Name = Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' })
const WeightGrams = Type.Integer({ minimum: 1, maximum: 10_000_000 })
const WeightToleranceGrams = Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'how much one piece may differ' })
const PriceMinor = Type.Integer({ minimum: 0, maximum: 2_000_000_000, description: 'in minor units of the store’s currency' })

export const Product = Type.Object({
  id: Uuid,
  sku: Type.String(),
  barcode: Nullable(Type.String()),
  name: Type.String(),
  weightGrams: Type.Integer(),
  weightToleranceGrams: Type.Integer(),
  priceMinor: Type.Integer(),
  active: Type.Boolean({ description: 'an inactive product is in no new planogram' }),
  createdAt: Time,
  updatedAt: Time,
  version: Version
})
export type Product = Static<typeof Product>

const SeenWeights = Type.Object(
  { count: Type.Integer(), median: Type.Number(), spread: Type.Number({ description: 'σ' }) },
  { description: 'grams of the single pieces that people confirmed last' }
)
const seen = {
  seenWeights: Nullable(SeenWeights),
  suggestedWeightGrams: Nullable(
    Type.Integer({
      description: 'what its pieces weigh, where the catalogue’s weight is off; null while it is right or too little was seen'
    })
  )
}
/** One product, with what its pieces were seen to weigh. */
export const SeenProduct = Type.Object({ ...Product.properties, ...seen })
export type SeenProduct = Static<typeof SeenProduct>
export const ListedProduct = Type.Object({ ...Product.properties, ...Type.Partial(Type.Object(seen)).properties })

export const ProductInput = Type.Object(
  {
    sku: Sku,
    barcode: Type.Optional(Barcode),
    name: Name,
    weightGrams: WeightGrams,
    weightToleranceGrams: Type.Optional(WeightToleranceGrams),
    priceMinor: PriceMinor,
    active: Type.Optional(Type.Boolean())
  },
  { additionalProperties: false }
)
export type ProductInput = Static<typeof ProductInput>

export const ProductChange = Type.Object(
  {
    sku: Type.Optional(Sku),
    barcode: Type.Optional(Barcode),
    name: Type.Optional(Name),
    weightGrams: Type.Optional(WeightGrams),
    weightToleranceGrams: Type.Optional(WeightToleranceGrams),
    priceMinor: Type.Optional(PriceMinor),
    active: Type.Optional(Type.Boolean()),
    version: Type.Optional(Version)
  },
  { additionalProperties: false, minProperties: 1 }
)
export type ProductChange = Static<typeof ProductChange>

export const ProductQuery = Type.Object({
  q: Type.Optional(Type.String({ maxLength: 100, description: 'part of the name, or the beginning of SKU or barcode' })),
  active: Type.Optional(Type.Boolean()),
  weightOff: Type.Optional(
    Type.Boolean({ description: 'active ones whose weight in the catalogue is off (or is not), with what was seen of it' })
  ),
  ...PageQuery
})
export type ProductQuery = Static<typeof ProductQuery>

export const ImportResult = Type.Object({ added: Type.Integer(), changed: Type.Integer(), unchanged: Type.Integer() })
export type ImportResult = Static<typeof ImportResult>
