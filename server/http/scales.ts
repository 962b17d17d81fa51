/** Scales of a machine: live weights, taking one out of use, tare. */
import { Type } from 'typebox'
import { CommandSent } from '#contracts/api/machines.ts'
import { Scale, ScaleChange } from '#contracts/api/scales.ts'
import { DeviceId, Page } from '#contracts/api/shared.ts'
import { changeScale, listScales, sendCommand } from '#server/domain/iot/actions.ts'
import type { Resource } from './app.ts'

const tags = ['scales']
const machine = Type.Object({ machineId: DeviceId })
const params = Type.Object({ machineId: DeviceId, scaleId: DeviceId })

export const scales: Resource = (app, ctx) => {
  const list = { summary: 'The scales of a machine with their weights', tags, params: machine, response: { 200: Page(Scale) } }
  app.get('/machines/:machineId/scales', { schema: list, config: { access: 'scales:read' } }, async (req) =>
    listScales(ctx, req.params.machineId)
  )

  const change = {
    summary: 'Take a scale out of use, or back into it',
    tags,
    params,
    body: ScaleChange,
    response: { 200: Scale }
  }
  app.patch('/machines/:machineId/scales/:scaleId', { schema: change, config: { access: 'scales:write' } }, async (req) =>
    changeScale(ctx, req.actor, { ...req.params, disabled: req.body.disabled })
  )

  const tare = {
    summary: 'Zero a scale; what becomes of it is at /api/v1/commands/{id}',
    tags,
    params,
    response: { 202: CommandSent }
  }
  app.post(
    '/machines/:machineId/scales/:scaleId/tare',
    { schema: tare, config: { access: 'scales:write' } },
    async (req, reply) => reply.code(202).send(await sendCommand(ctx, req.actor, { ...req.params, command: 'tare' }))
  )
}
