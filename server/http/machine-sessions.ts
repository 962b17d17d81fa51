/** Machine sessions with their books. */
import { Type } from 'typebox'
import { MachineSession, MachineSessionQuery } from '#contracts/api/machine-sessions.ts'
import { Page, Uuid } from '#contracts/api/shared.ts'
import { listMachineSessions, readMachineSession } from '#server/domain/iot/actions.ts'
import type { Resource } from './app.ts'

const tags = ['machine sessions']

export const machineSessions: Resource = (app, ctx) => {
  const list = {
    summary: 'Machine sessions, newest first',
    tags,
    querystring: MachineSessionQuery,
    response: { 200: Page(MachineSession) }
  }
  app.get('/machine-sessions', { schema: list, config: { access: 'machine-sessions:read' } }, async (req) =>
    listMachineSessions(ctx, req.query)
  )

  const one = { summary: 'One machine session', tags, params: Type.Object({ id: Uuid }), response: { 200: MachineSession } }
  app.get('/machine-sessions/:id', { schema: one, config: { access: 'machine-sessions:read' } }, async (req) =>
    readMachineSession(ctx, req.params.id)
  )
}
