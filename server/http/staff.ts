/** Staff accounts, for admins. */
import { Type } from 'typebox'
import { Page, PageQuery, Uuid } from '#contracts/api/shared.ts'
import { StaffAccount, StaffChange, StaffInput } from '#contracts/api/staff.ts'
import { addStaff, changeStaff, listStaff } from '#server/domain/staff/actions.ts'
import type { Resource } from './app.ts'

const tags = ['staff']

export const staff: Resource = (app, ctx) => {
  const list = {
    summary: 'Staff accounts, newest first',
    tags,
    querystring: Type.Object(PageQuery),
    response: { 200: Page(StaffAccount) }
  }
  app.get('/staff', { schema: list, config: { access: 'staff:read' } }, async (req) => listStaff(ctx, req.query))

  const add = { summary: 'Add an account', tags, body: StaffInput, response: { 201: StaffAccount } }
  app.post('/staff', { schema: add, config: { access: 'staff:write', idempotent: true } }, async (req, reply) =>
    reply.code(201).send(await addStaff(ctx, req.actor, req.body))
  )

  const change = {
    summary: 'Change, disable or enable an account',
    tags,
    params: Type.Object({ id: Uuid }),
    body: StaffChange,
    response: { 200: StaffAccount }
  }
  app.patch('/staff/:id', { schema: change, config: { access: 'staff:write' } }, async (req) =>
    changeStaff(ctx, req.actor, { id: req.params.id, change: req.body })
  )
}
