/** People trackers, and the floor plan: where one stands to reach scales and scanners. */
import { Type } from 'typebox'
import { DeviceId, Page, Uuid } from '#contracts/api/shared.ts'
import { MachinePlace, NewTracker, ScannerPlace, Tracker, TrackerInput, TrackerQuery } from '#contracts/api/trackers.ts'
import { putMachinePlace, readMachinePlace } from '#server/domain/iot/actions.ts'
import { addTracker, listTrackers, putScannerPlace, retireTracker } from '#server/domain/user/actions.ts'
import type { Resource } from './app.ts'

const tags = ['trackers']
const params = Type.Object({ id: Uuid })
const machine = Type.Object({ machineId: DeviceId })
const secretFields = ['deviceKey']

export const trackers: Resource = (app, ctx) => {
  const list = { summary: 'People trackers', tags, querystring: TrackerQuery, response: { 200: Page(Tracker) } }
  app.get('/trackers', { schema: list, config: { access: 'trackers:read' } }, async (req) => listTrackers(ctx, req.query))

  const add = {
    summary: 'Onboard a tracker; its device key is shown this once',
    tags,
    body: TrackerInput,
    response: { 201: NewTracker }
  }
  app.post(
    '/trackers',
    { schema: add, config: { access: 'trackers:write', idempotent: true, secretFields } },
    async (req, reply) => reply.code(201).send(await addTracker(ctx, req.actor, req.body))
  )

  const retire = { summary: 'Retire a tracker: its key ends', tags, params, response: { 204: Type.Null() } }
  app.delete('/trackers/:id', { schema: retire, config: { access: 'trackers:write' } }, async (req, reply) => {
    await retireTracker(ctx, req.actor, req.params.id)
    return reply.code(204).send(null)
  })

  const place = {
    summary: 'Where one stands to reach each scale of a machine',
    tags,
    params: machine,
    response: { 200: MachinePlace }
  }
  app.get('/machines/:machineId/place', { schema: place, config: { access: 'machines:read' } }, async (req) =>
    readMachinePlace(ctx, req.params.machineId)
  )
  const put = {
    summary: 'Put a machine on the floor plan',
    tags,
    params: machine,
    body: MachinePlace,
    response: { 200: MachinePlace }
  }
  app.put('/machines/:machineId/place', { schema: put, config: { access: 'machines:write' } }, async (req) =>
    putMachinePlace(ctx, req.actor, { machineId: req.params.machineId, ...req.body })
  )
  const door = { summary: 'Put a scanner on the floor plan', tags, params, body: ScannerPlace, response: { 200: ScannerPlace } }
  app.put('/scanners/:id/place', { schema: door, config: { access: 'scanners:write' } }, async (req) =>
    putScannerPlace(ctx, req.actor, { id: req.params.id, ...req.body })
  )
}
