/** Product photos: kept beside the products, so that they are backed up with them. What they are is read from their first bytes. */
import { sql } from 'kysely'
import { MAX_PHOTO_BYTES, type ProductPhoto } from '#contracts/api/product-photos.ts'
import { type Actor, type Context, transact } from '#server/context.ts'
import { audit } from '#server/domain/staff/actions.ts'
import { Invalid, NotFound } from '#server/platform/errors.ts'
import { lockProduct } from './queries.ts'

/** Which products have one, and where it is. */
export async function listPhotos({ db }: Context): Promise<ProductPhoto[]> {
  const { rows } = await sql<{ productId: string; bytes: number; updatedAt: Date }>`
    SELECT product_id, octet_length(content) AS bytes, updated_at FROM product_photo ORDER BY product_id`.execute(db)
  return rows.map(photoOf)
}

const photoOf = ({ productId, bytes, updatedAt }: { productId: string; bytes: number; updatedAt: Date }): ProductPhoto => ({
  ...{ productId, bytes, updatedAt: updatedAt.toISOString() },
  url: `/api/v1/products/${productId}/photo?v=${updatedAt.getTime()}`
})

/** One photo. Throws NotFound. */
export async function readPhoto({ db }: Context, productId: string): Promise<{ type: string; content: Buffer }> {
  const row = await db
    .selectFrom('productPhoto')
    .select(['type', 'content'])
    .where('productId', '=', productId)
    .executeTakeFirst()
  if (!row) throw new NotFound('photo of product', productId)
  return row
}

/** Gives a product its photo, or another one. Throws NotFound, Invalid for what is no picture or too large. */
export async function putPhoto(
  ctx: Context,
  actor: Actor,
  { productId, content }: { productId: string; content: Buffer }
): Promise<ProductPhoto> {
  const type = typeOf(content)
  if (!type) throw new Invalid('body', 'must be a JPEG, PNG or WebP picture')
  const bytes = content.length
  if (bytes > MAX_PHOTO_BYTES) throw new Invalid('body', `must have at most ${MAX_PHOTO_BYTES} bytes: make the picture smaller`)
  return transact(
    ctx,
    async (tx) => {
      if (!(await lockProduct(tx.db, productId))) throw new NotFound('product', productId)
      const row = { type, content, updatedAt: tx.now }
      await tx.db
        .insertInto('productPhoto')
        .values({ productId, ...row })
        .onConflict((c) => c.column('productId').doUpdateSet(row))
        .execute()
      await audit(tx, actor, { action: 'photo-changed', resource: 'product', resourceId: productId, after: { type, bytes } })
      return photoOf({ productId, bytes, updatedAt: tx.now })
    },
    actor
  )
}

/** Takes a product's photo away; without one nothing happens. */
export async function removePhoto(ctx: Context, actor: Actor, productId: string): Promise<void> {
  await transact(
    ctx,
    async (tx) => {
      const { numDeletedRows } = await tx.db.deleteFrom('productPhoto').where('productId', '=', productId).executeTakeFirst()
      if (numDeletedRows > 0n) await audit(tx, actor, { action: 'photo-removed', resource: 'product', resourceId: productId })
    },
    actor
  )
}

const BEGINNINGS: [type: string, at: number, bytes: string][] = [
  ['image/jpeg', 0, 'ffd8ff'],
  ['image/png', 0, '89504e470d0a1a0a'],
  ['image/webp', 8, Buffer.from('WEBP').toString('hex')]
]
const typeOf = (content: Buffer): string | null =>
  BEGINNINGS.find(([, at, bytes]) => content.toString('hex', at, at + bytes.length / 2) === bytes)?.[0] ?? null
