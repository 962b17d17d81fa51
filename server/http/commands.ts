/** What became of a command to a machine, and the alarms. */
import { Type } from 'typebox'
import { Alarm, AlarmQuery, DeviceCommand } from '#contracts/api/machines.ts'
import { Page, Uuid } from '#contracts/api/shared.ts'
import { readCommand } from '#server/domain/iot/actions.ts'
import { listAlarms } from '#server/domain/staff/actions.ts'
import type { Resource } from './app.ts'

export const commands: Resource = (app, ctx) => {
  const one = {
    summary: 'What became of a command',
    tags: ['machines'],
    params: Type.Object({ id: Uuid }),
    response: { 200: DeviceCommand }
  }
  app.get('/commands/:id', { schema: one, config: { access: 'commands:read' } }, async (req) => readCommand(ctx, req.params.id))

  const alarms = { summary: 'Alarms, newest first', tags: ['alarms'], querystring: AlarmQuery, response: { 200: Page(Alarm) } }
  app.get('/alarms', { schema: alarms, config: { access: 'alarms:read' } }, async (req) => listAlarms(ctx, req.query))
}
