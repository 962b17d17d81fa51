/** Tickets: one machine's part of one visit, with its evidence as it stands now, and what review made of it. */
import { type Static, Type } from 'typebox'
import { Movement } from './movements.ts'
import { Footage } from './playback.ts'
import { DeviceId, Nullable, SpanQuery, Time, Uuid, Version } from './shared.ts'
import { UserRole } from './store.ts'
import { Video } from './videos.ts'

export const TicketStatus = Type.Union([
  Type.Literal('TO_BE_REVIEWED'),
  Type.Literal('UNDER_REVIEW'),
  Type.Literal('REVIEW_COMPLETE')
])
export type TicketStatus = Static<typeof TicketStatus>

export const TicketWeightChange = Type.Object({
  id: Uuid,
  machineId: DeviceId,
  scaleId: DeviceId,
  status: Type.Union([Type.Literal('PICKED'), Type.Literal('PLACED')]),
  grams: Type.Integer({ minimum: 0 }),
  weightBefore: Nullable(Type.Integer()),
  weightAfter: Nullable(Type.Integer()),
  occurredAt: Time,
  occurredFrom: Type.String({ format: 'date-time', description: 'with foundLate: it happened between the two' }),
  receivedAt: Time,
  machineSessionId: Nullable(Uuid),
  source: Type.Union([Type.Literal('heartbeat'), Type.Literal('samples'), Type.Literal('device')]),
  settled: Type.Boolean(),
  version: Version,
  foundLate: Type.Boolean(),
  visitIds: Type.Array(Uuid, { description: 'visits open then' }),
  roles: Type.Array(UserRole),
  movementId: Nullable(Uuid),
  billedTicketId: Nullable(Type.String({ format: 'uuid', description: 'the ticket on which it is billed' })),
  assignedVisitId: Nullable(Type.String({ format: 'uuid', description: 'the visit to which a reviewer has given it' }))
})
export type TicketWeightChange = Static<typeof TicketWeightChange>

export const TicketLine = Type.Object({
  productId: Uuid,
  quantity: Type.Integer({ minimum: 1 }),
  unitPriceMinor: Type.Integer({ minimum: 0 }),
  weightChangeIds: Type.Array(Uuid)
})
export type TicketLine = Static<typeof TicketLine>
/** What the visit keeps of what it took here: the lines to start from. */
export const ProposedLine = Type.Object({
  productId: Uuid,
  quantity: Type.Integer(),
  weightChangeIds: Type.Array(Uuid),
  confidence: Type.Number()
})
export type ProposedLine = Static<typeof ProposedLine>
const TicketMachineSession = Type.Object({
  id: Uuid,
  startedAt: Time,
  endedAt: Nullable(Time),
  isBalanced: Nullable(Type.Boolean())
})
export type TicketMachineSession = Static<typeof TicketMachineSession>

/** The books over the ticket's machine sessions: false when one does not balance, null while none is known. */
const TicketBalance = Type.Object({
  isBalanced: Nullable(Type.Boolean()),
  residualGrams: Nullable(Type.Integer({ description: 'sum of the unexplained weight of all scales, without sign' }))
})
export type TicketBalance = Static<typeof TicketBalance>

export const TicketEscalation = Type.Object({
  note: Type.String(),
  by: Type.String({ description: 'staff account' }),
  byName: Type.String(),
  at: Time
})
export type TicketEscalation = Static<typeof TicketEscalation>

export const Ticket = Type.Object({
  id: Uuid,
  number: Type.String({ description: 'T-000123, without gaps', examples: ['T-000123'] }),
  visitId: Uuid,
  userId: Uuid,
  role: UserRole,
  machineId: DeviceId,
  startTime: Type.String({ format: 'date-time', description: 'login' }),
  endTime: Type.String({ format: 'date-time', description: 'logout' }),
  windowKind: Type.Union([Type.Literal('visit'), Type.Literal('machine-session')]),
  windowStart: Time,
  windowEnd: Time,
  status: TicketStatus,
  weightChanges: Type.Array(TicketWeightChange),
  movements: Type.Array(Movement, { description: 'of this visit at this machine' }),
  videos: Type.Array(Video, {
    description: 'of the machine’s cameras and those at the doors, also the ones still being recorded'
  }),
  awaitedVideos: Type.Array(Uuid, { description: 'those of them that are still being recorded' }),
  footage: Type.Array(Footage, { description: 'for each of their cameras: what it shows of the window, as links' }),
  machineSessions: Type.Array(TicketMachineSession),
  balance: TicketBalance,
  otherVisits: Type.Array(Uuid, { description: 'other visits to which one of the weight changes may belong' }),
  proposedLines: Type.Array(ProposedLine),
  lines: Type.Array(TicketLine),
  claimedBy: Nullable(Type.String({ format: 'uuid', description: 'staff account that holds it' })),
  claimedByName: Nullable(Type.String()),
  leaseExpiresAt: Nullable(Time),
  completedAt: Nullable(Time),
  completedBy: Nullable(Type.String({ description: 'staff account, or system' })),
  note: Nullable(Type.String()),
  reopenReason: Nullable(Type.String()),
  escalation: Nullable(TicketEscalation),
  contested: Type.Boolean({ description: 'the shopper contests the visit, and has no answer yet' }),
  version: Type.Integer({ minimum: 1, description: 'grows with each change of evidence or decision, not with a claim' })
})
export type Ticket = Static<typeof Ticket>

/** What a ticket was at each version, newest first. */
export const TicketRevision = Type.Object({
  version: Version,
  status: TicketStatus,
  reason: Type.String(),
  lines: Nullable(Type.Array(TicketLine)),
  note: Nullable(Type.String()),
  author: Type.String(),
  at: Time
})
export type TicketRevision = Static<typeof TicketRevision>
export const TicketDetail = Type.Object({ ...Ticket.properties, revisions: Type.Array(TicketRevision) })
export type TicketDetail = Static<typeof TicketDetail>

export const TicketQuery = Type.Object({
  ...SpanQuery,
  status: Type.Optional(TicketStatus),
  machineId: Type.Optional(DeviceId),
  userId: Type.Optional(Uuid),
  visitId: Type.Optional(Uuid),
  escalated: Type.Optional(Type.Boolean({ description: 'true: what waits for an admin' })),
  contested: Type.Optional(Type.Boolean({ description: 'true: tickets of visits whose shopper waits for an answer' }))
})
export type TicketQuery = Static<typeof TicketQuery>

const strict = { additionalProperties: false }
export const TicketClaim = Type.Object(
  { takeOver: Type.Optional(Type.Boolean({ description: 'admins: also from who holds it' })) },
  strict
)
export const MAX_QUANTITY = 999
export const TicketDecisionLine = Type.Object(
  {
    productId: Uuid,
    quantity: Type.Integer({ minimum: 1, maximum: MAX_QUANTITY }),
    weightChangeIds: Type.Optional(Type.Array(Uuid, { maxItems: 500 }))
  },
  strict
)
const DecisionLines = Type.Array(TicketDecisionLine, { maxItems: 200, description: 'empty: nothing to bill' })
/** Lines that somebody thinks of. */
export const TicketQuoting = Type.Object({ lines: DecisionLines }, strict)
/** What they would cost on this ticket, by the prices of when things were picked. */
export const TicketQuote = Type.Object({ lines: Type.Array(TicketLine), totalMinor: Type.Integer({ minimum: 0 }) })
export type TicketQuote = Static<typeof TicketQuote>

/** Weight changes that were another visit's doing. */
const TicketGift = Type.Object({ visitId: Uuid, weightChangeIds: Type.Array(Uuid, { minItems: 1, maxItems: 500 }) }, strict)
/** The reviewer's decision. `version` as last seen: 409 when evidence or decision changed since. */
export const TicketDecision = Type.Object(
  {
    lines: DecisionLines,
    others: Type.Optional(
      Type.Array(TicketGift, { maxItems: 50, description: 'what other shoppers did who were inside: asked on their tickets' })
    ),
    note: Type.Optional(Nullable(Type.String({ maxLength: 2000 }))),
    version: Type.Optional(Type.Integer())
  },
  strict
)
export type TicketDecision = Static<typeof TicketDecision>
export const TicketReopening = Type.Object({ reason: Type.String({ minLength: 1, maxLength: 500, pattern: '\\S' }) }, strict)
export const TicketEscalating = Type.Object(
  {
    note: Type.String({ minLength: 1, maxLength: 500, pattern: '\\S', description: 'what makes it too hard, for who settles it' })
  },
  strict
)
