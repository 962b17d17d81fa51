/** Machine sessions: one machine's time slice, in which the books must balance. */
import { type Static, Type } from 'typebox'
import { DeviceId, Nullable, SpanQuery, Time, Uuid } from './shared.ts'

export const ScaleBalance = Type.Object({
  scaleId: DeviceId,
  openingGrams: Nullable(Type.Integer()),
  closingGrams: Nullable(Type.Integer({ description: 'null while the machine session runs' })),
  changesGrams: Type.Integer({ description: 'Σ of its weight changes; picked is negative' }),
  residualGrams: Nullable(Type.Integer({ description: 'closing − opening − changes' })),
  toleranceGrams: Type.Integer({ description: 'what noise and creep explain' }),
  isBalanced: Nullable(Type.Boolean())
})

export const MachineSession = Type.Object({
  id: Uuid,
  machineId: DeviceId,
  startedAt: Time,
  endedAt: Nullable(Time),
  storeMode: Type.String(),
  heartbeatsSeen: Type.Integer(),
  heartbeatsMissed: Type.Integer(),
  isBalanced: Nullable(Type.Boolean({ description: 'null while it runs or without readings' })),
  scales: Type.Array(ScaleBalance)
})
export type MachineSession = Static<typeof MachineSession>

export const MachineSessionQuery = Type.Object({
  machineId: Type.Optional(DeviceId),
  ...SpanQuery
})
export type MachineSessionQuery = Static<typeof MachineSessionQuery>
