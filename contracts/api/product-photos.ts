/** Product photos: what a product looks like, small, for eyes that review and for receipts. */
import { type Static, Type } from 'typebox'
import { Time, Uuid } from './shared.ts'

export const MAX_PHOTO_BYTES = 100 * 1024
export const PHOTO_TYPES = ['image/jpeg', 'image/png', 'image/webp'] as const

export const ProductPhoto = Type.Object({
  productId: Uuid,
  url: Type.String({ description: 'where it is; another one for another picture' }),
  bytes: Type.Integer(),
  updatedAt: Time
})
export type ProductPhoto = Static<typeof ProductPhoto>
export const ProductPhotoList = Type.Object({ items: Type.Array(ProductPhoto), nextCursor: Type.Null() })
