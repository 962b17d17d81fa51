/** The store itself and its mode: who may come in. */
import { type Static, Type } from 'typebox'
import { Nullable, Time, Uuid } from './shared.ts'

export const STORE_MODES = ['CUSTOMER_MODE', 'REFILLMENT_MODE', 'MAINTENANCE_MODE'] as const
export const StoreMode = Type.Union([
  Type.Literal('CUSTOMER_MODE'),
  Type.Literal('REFILLMENT_MODE'),
  Type.Literal('MAINTENANCE_MODE')
])
export type StoreMode = Static<typeof StoreMode>
export const UserRole = Type.Union([Type.Literal('customer'), Type.Literal('operations'), Type.Literal('admin')])
export type UserRole = Static<typeof UserRole>

export const StoreModeState = Type.Object({ mode: StoreMode, since: Time })
export type StoreModeState = Static<typeof StoreModeState>
export const StoreModeInput = Type.Object(
  { mode: StoreMode, force: Type.Optional(Type.Boolean({ description: 'also while customers are inside' })) },
  { additionalProperties: false }
)

export const StoreInfo = Type.Object({
  storeId: Type.String(),
  name: Type.String(),
  mode: StoreMode,
  modeSince: Time,
  timeZone: Type.String({ description: 'IANA, for people’s screens; times in the API are UTC' }),
  currency: Type.String({ description: 'ISO 4217; money is in its minor unit' }),
  openVisits: Type.Integer({ description: 'people inside now' }),
  allowsAnonymousDevices: Type.Boolean({
    description: 'heartbeats without a device key are taken: for old firmware on a closed network only'
  }),
  isEmpty: Type.Boolean({ description: 'no machine, scanner, camera or product has been onboarded yet' }),
  simulatedSince: Nullable(Type.Union([Time], { description: 'since when a simulated shop has used it: nothing in it is real' })),
  createdAt: Time
})
export type StoreInfo = Static<typeof StoreInfo>

/** The store's day so far, from midnight in its own time zone. */
export const StoreDay = Type.Object({
  since: Type.String({ format: 'date-time', description: 'midnight' }),
  inside: Type.Integer({ description: 'people inside now' }),
  visits: Type.Integer({ description: 'begun today' }),
  ticketsToReview: Type.Integer({ description: 'all that wait now' }),
  ticketsUnderReview: Type.Integer({ description: 'all that somebody holds now' }),
  ticketsComplete: Type.Integer({ description: 'of today’s visits' }),
  ticketsEscalated: Type.Integer({ description: 'all that wait for an admin now' }),
  visitsContested: Type.Integer({ description: 'all whose shopper waits for an answer now' }),
  cartsSettled: Type.Integer({ description: 'of today’s visits' }),
  totalMinor: Type.Integer({ description: 'what they come to' })
})
export type StoreDay = Static<typeof StoreDay>

export const StoreModeChange = Type.Object({
  id: Uuid,
  fromMode: StoreMode,
  toMode: StoreMode,
  at: Time,
  changedBy: Type.String({ description: 'username of the staff account' }),
  forced: Type.Boolean({ description: 'customers were inside' })
})
export type StoreModeChange = Static<typeof StoreModeChange>
