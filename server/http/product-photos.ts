/** Product photos: put up small, sent as they are. */
import { Type } from 'typebox'
import { MAX_PHOTO_BYTES, PHOTO_TYPES, ProductPhoto, ProductPhotoList } from '#contracts/api/product-photos.ts'
import { Uuid } from '#contracts/api/shared.ts'
import { listPhotos, putPhoto, readPhoto, removePhoto } from '#server/domain/catalog/actions.ts'
import { Invalid } from '#server/platform/errors.ts'
import type { App } from '#server/platform/web-app.ts'
import type { Resource } from './app.ts'
import { readBytes } from './input.ts'

const tags = ['products']
const params = Type.Object({ id: Uuid })

export const productPhotos: Resource = (app, ctx) => {
  const list = { summary: 'Which products have a photo, and where it is', tags, response: { 200: ProductPhotoList } }
  app.get('/product-photos', { schema: list, config: { access: 'products:read' } }, async () => ({
    items: await listPhotos(ctx),
    nextCursor: null
  }))

  const one = {
    summary: 'The photo of a product',
    tags,
    params,
    querystring: Type.Object({
      v: Type.Optional(Type.String({ maxLength: 20, description: 'of which picture; not looked at' }))
    }),
    produces: [...PHOTO_TYPES]
  }
  app.get('/products/:id/photo', { schema: one, config: { access: 'products:read' } }, async (req, reply) => {
    const { type, content } = await readPhoto(ctx, req.params.id)
    return reply
      .type(type)
      .header('cache-control', `private, max-age=${req.query.v ? 31_536_000 : 60}`)
      .send(content)
  })

  const remove = { summary: 'Take the photo of a product away', tags, params, response: { 204: Type.Null() } }
  app.delete('/products/:id/photo', { schema: remove, config: { access: 'products:write' } }, async (req, reply) => {
    await removePhoto(ctx, req.actor, req.params.id)
    return reply.code(204).send(null)
  })

  app.register(async (pictures) => {
    readBytes(pictures as App, [...PHOTO_TYPES], MAX_PHOTO_BYTES)
    const schema = {
      summary: 'Give a product its photo: at most 100 KiB of JPEG, PNG or WebP',
      tags,
      params,
      consumes: [...PHOTO_TYPES],
      body: Type.Unsafe<Buffer>({ description: 'the picture itself' }),
      response: { 200: ProductPhoto }
    }
    ;(pictures as App).put('/products/:id/photo', { schema, config: { access: 'products:write' } }, async (req) => {
      if (!Buffer.isBuffer(req.body)) throw new Invalid('body', 'is missing: send the picture itself')
      return putPhoto(ctx, req.actor, { productId: req.params.id, content: req.body })
    })
  })
}
