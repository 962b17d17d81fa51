/** The audit trail, for admins. */
import { AuditEntry, AuditQuery, ChainCheck } from '#contracts/api/audit.ts'
import { Page } from '#contracts/api/shared.ts'
import { listAudit, verifyAudit } from '#server/domain/staff/actions.ts'
import type { Resource } from './app.ts'

const tags = ['audit']

export const auditTrail: Resource = (app, ctx) => {
  const list = { summary: 'Who did what, newest first', tags, querystring: AuditQuery, response: { 200: Page(AuditEntry) } }
  app.get('/audit', { schema: list, config: { access: 'audit:read' } }, async (req) => listAudit(ctx, req.query))

  const verify = { summary: 'Does the whole trail still fit together', tags, response: { 200: ChainCheck } }
  app.get('/audit/verify', { schema: verify, config: { access: 'audit:read' } }, async () => verifyAudit(ctx))
}
