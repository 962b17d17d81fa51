/** QR keys: who may sign the codes that open the doors. */
import { Type } from 'typebox'
import { NewQrKey, QrKeyInput, QrKeyList } from '#contracts/api/qr-keys.ts'
import { addQrKey, listQrKeys, removeQrKey } from '#server/domain/user/actions.ts'
import type { Resource } from './app.ts'

const tags = ['qr keys']
const params = Type.Object({ kid: Type.String({ minLength: 1, maxLength: 200 }) })

export const qrKeys: Resource = (app, ctx) => {
  const list = { summary: 'QR keys, without secrets', tags, response: { 200: QrKeyList } }
  app.get('/qr-keys', { schema: list, config: { access: 'qr-keys:read' } }, async () => ({
    items: listQrKeys(ctx),
    nextCursor: null
  }))

  const add = {
    summary: 'Add a key, or make a new one; its private part is shown this once',
    tags,
    body: QrKeyInput,
    response: { 201: NewQrKey }
  }
  app.post(
    '/qr-keys',
    { schema: add, config: { access: 'qr-keys:write', idempotent: true, secretFields: ['privateJwk'] } },
    async (req, reply) => reply.code(201).send(await addQrKey(ctx, req.actor, req.body))
  )

  const remove = { summary: 'Remove a key: no code it signed is valid any more', tags, params, response: { 204: Type.Null() } }
  app.delete('/qr-keys/:kid', { schema: remove, config: { access: 'qr-keys:write' } }, async (req, reply) => {
    await removeQrKey(ctx, req.actor, req.params.kid)
    return reply.code(204).send(null)
  })
}
