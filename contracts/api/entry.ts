/** The doors: a QR token in, a decision out (contract §3). HTTP and MQTT scanners share the answers. */
import { type Static, Type } from 'typebox'
import { Uuid } from './shared.ts'
import { StoreMode, UserRole } from './store.ts'

export const DoorRequest = Type.Object(
  {
    token: Type.String({
      maxLength: 16_384,
      description: 'compact JWS; claims id, role, phoneNumber, jti, iat, exp, optional aud'
    })
  },
  { description: 'unknown fields are ignored' }
)

/** The reasons in the order they are looked for: the first that holds is the answer. */
export const REFUSAL_REASONS = [
  'wrong-scanner',
  'bad-token',
  'unknown-key',
  'bad-signature',
  'expired',
  'too-long-lived',
  'already-used',
  'blocked',
  'store-in-refillment',
  'store-in-maintenance',
  'already-inside',
  'not-inside'
] as const
export type RefusalReason = (typeof REFUSAL_REASONS)[number]
export const RefusalReason = Type.Unsafe<RefusalReason>(
  Type.String({ enum: [...REFUSAL_REASONS], description: 'the first that holds' })
)

export const DoorAccepted = Type.Object({ status: Type.Literal('success'), visitId: Uuid, userId: Uuid, role: UserRole })
export type DoorAccepted = Static<typeof DoorAccepted>
export const DoorRefused = Type.Object({
  status: Type.Literal('refused'),
  reason: RefusalReason,
  message: Type.String()
})
export type DoorRefused = Static<typeof DoorRefused>
/** The box cannot decide now: a scanner tries the same code again; an exit opens (`open`), people are never locked in. */
export type DoorUnavailable = { status: 'unavailable'; open: boolean; message: string }
export type DoorAnswer = DoorAccepted | DoorRefused | DoorUnavailable

export const ModeControl = Type.Object(
  { status: StoreMode, force: Type.Optional(Type.Boolean({ description: 'also while customers are inside' })) },
  { additionalProperties: false }
)
export const ModeControlled = Type.Object({ status: Type.Literal('success'), storeMode: StoreMode })
