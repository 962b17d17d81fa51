/** What devices were refused lately: for whoever mounts them, and wonders. */
import { Type } from 'typebox'
import { DeviceRefusals } from '#contracts/api/device-refusals.ts'
import { DeviceId, Uuid } from '#contracts/api/shared.ts'
import { readMachine } from '#server/domain/iot/actions.ts'
import { findScanner } from '#server/domain/user/actions.ts'
import type { Resource } from './app.ts'

const response = { 200: DeviceRefusals }
const summary = 'What it sent or showed that was refused, since the last start of the server; the last twenty'

export const deviceRefusals: Resource = (app, ctx) => {
  const told = (device: string) => ({ items: ctx.refusals.of(device), since: ctx.refusals.since.toISOString() })

  const ofMachine = { summary, tags: ['machines'], params: Type.Object({ machineId: DeviceId }), response }
  app.get('/machines/:machineId/refusals', { schema: ofMachine, config: { access: 'machines:read' } }, async (req) => {
    await readMachine(ctx, req.params.machineId)
    return told(`machine/${req.params.machineId}`)
  })

  const ofScanner = { summary, tags: ['scanners'], params: Type.Object({ id: Uuid }), response }
  app.get('/scanners/:id/refusals', { schema: ofScanner, config: { access: 'scanners:read' } }, async (req) => {
    const { id } = await findScanner(ctx, req.params.id)
    return told(`scanner/${id}`)
  })
}
