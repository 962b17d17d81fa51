/** The audit trail: who did what, when, with before and after; each entry's hash covers the one before it. */
import { type Static, Type } from 'typebox'
import { Nullable, SpanQuery, Time } from './shared.ts'

export const AuditEntry = Type.Object({
  id: Type.Integer(),
  at: Time,
  actorKind: Type.String({ description: 'staff, device or system' }),
  actorId: Type.String(),
  actorName: Type.String(),
  action: Type.String(),
  resource: Type.String(),
  resourceId: Type.String(),
  before: Type.Unknown(),
  after: Type.Unknown(),
  requestId: Nullable(Type.String()),
  hash: Type.String({ description: 'SHA-256 in hexadecimal' })
})
export type AuditEntry = Static<typeof AuditEntry>

export const AuditQuery = Type.Object({
  resource: Type.Optional(Type.String({ maxLength: 64 })),
  resourceId: Type.Optional(Type.String({ maxLength: 200 })),
  actorId: Type.Optional(Type.String({ maxLength: 64 })),
  ...SpanQuery
})
export type AuditQuery = Static<typeof AuditQuery>

export const ChainCheck = Type.Object({
  ok: Type.Boolean(),
  entries: Type.Integer(),
  brokenAt: Nullable(Type.Integer({ description: 'the first entry that does not fit' }))
})
export type ChainCheck = Static<typeof ChainCheck>
