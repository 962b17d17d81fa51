/** Planograms: which product stands on which scales of a machine. */
import { Type } from 'typebox'
import { Planogram, PlanogramInput } from '#contracts/api/planograms.ts'
import { DeviceId } from '#contracts/api/shared.ts'
import { putPlanogram, readPlanogram } from '#server/domain/catalog/actions.ts'
import { refreshThresholds } from '#server/domain/iot/actions.ts'
import type { Resource } from './app.ts'

const tags = ['planograms']
const params = Type.Object({ machineId: DeviceId })

export const planograms: Resource = (app, ctx) => {
  const read = { summary: 'The planogram of a machine', tags, params, response: { 200: Planogram } }
  app.get('/machines/:machineId/planogram', { schema: read, config: { access: 'planograms:read' } }, async (req) =>
    readPlanogram(ctx, req.params.machineId)
  )

  const put = { summary: 'Replace the planogram of a machine', tags, params, body: PlanogramInput, response: { 200: Planogram } }
  app.put('/machines/:machineId/planogram', { schema: put, config: { access: 'planograms:write' } }, async (req) => {
    const { machineId } = req.params
    const planogram = await putPlanogram(ctx, req.actor, { machineId, facings: req.body.facings })
    await refreshThresholds(ctx, [machineId])
    return planogram
  })
}
