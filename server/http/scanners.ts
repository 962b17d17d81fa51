/** Scanners: onboarding, keys, retirement. */
import { Type } from 'typebox'
import { NewScanner, Scanner, ScannerDeviceKey, ScannerInput, ScannerPatch, ScannerQuery } from '#contracts/api/scanners.ts'
import { Page, Uuid } from '#contracts/api/shared.ts'
import {
  addScanner,
  changeScanner,
  findScanner,
  listScanners,
  retireScanner,
  rotateScannerKey
} from '#server/domain/user/actions.ts'
import type { Resource } from './app.ts'

const tags = ['scanners']
const params = Type.Object({ id: Uuid })
const secretFields = ['deviceKey']

export const scanners: Resource = (app, ctx) => {
  const list = { summary: 'Scanners', tags, querystring: ScannerQuery, response: { 200: Page(Scanner) } }
  app.get('/scanners', { schema: list, config: { access: 'scanners:read' } }, async (req) => listScanners(ctx, req.query))

  const add = {
    summary: 'Onboard a scanner; its device key is shown this once',
    tags,
    body: ScannerInput,
    response: { 201: NewScanner }
  }
  app.post(
    '/scanners',
    { schema: add, config: { access: 'scanners:write', idempotent: true, secretFields } },
    async (req, reply) => reply.code(201).send(await addScanner(ctx, req.actor, req.body))
  )

  const one = { summary: 'One scanner', tags, params, response: { 200: Scanner } }
  app.get('/scanners/:id', { schema: one, config: { access: 'scanners:read' } }, async (req) => findScanner(ctx, req.params.id))

  const change = { summary: 'Change a scanner', tags, params, body: ScannerPatch, response: { 200: Scanner } }
  app.patch('/scanners/:id', { schema: change, config: { access: 'scanners:write' } }, async (req) =>
    changeScanner(ctx, req.actor, { id: req.params.id, patch: req.body })
  )

  const retire = { summary: 'Retire a scanner: its key ends, its history stays', tags, params, response: { 204: Type.Null() } }
  app.delete('/scanners/:id', { schema: retire, config: { access: 'scanners:write' } }, async (req, reply) => {
    await retireScanner(ctx, req.actor, req.params.id)
    return reply.code(204).send(null)
  })

  const rotate = { summary: 'A new device key; the old one ends at once', tags, params, response: { 201: ScannerDeviceKey } }
  app.post(
    '/scanners/:id/device-key',
    { schema: rotate, config: { access: 'device-keys:write', idempotent: true, secretFields } },
    async (req, reply) => reply.code(201).send(await rotateScannerKey(ctx, req.actor, req.params.id))
  )
}
