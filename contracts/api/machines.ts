/** Machines: fixtures with scales; the keys they sign in with, the commands they get. */
import { type Static, Type } from 'typebox'
import { CommandName } from '#contracts/device/command.ts'
import { DeviceId, Nullable, PageQuery, SpanQuery, Time, Uuid, Version } from './shared.ts'

export const MachineKind = Type.Union([Type.Literal('shelf'), Type.Literal('cooler'), Type.Literal('cabinet')])
const DisplayName = Type.String({ minLength: 1, maxLength: 100, pattern: '\\S' })

export const Machine = Type.Object({
  machineId: DeviceId,
  displayName: Type.String(),
  kind: MachineKind,
  operationStatus: Type.String(),
  online: Type.Boolean(),
  locked: Type.Boolean(),
  lastHeartbeatAt: Nullable(Time),
  usualIntervalMs: Nullable(Type.Integer({ description: 'how often it usually sends' })),
  reportsSeldom: Type.Boolean({ description: 'so seldom that what falls together cannot be told apart: over 2.5 s' }),
  clockOffsetMs: Nullable(Type.Integer({ description: 'box minus device; null while its clock is not to be trusted' })),
  scaleCount: Type.Integer(),
  createdAt: Time,
  retiredAt: Nullable(Time),
  version: Version
})
export type Machine = Static<typeof Machine>

export const NewMachine = Type.Intersect([Machine, Type.Object({ deviceKey: Type.String({ description: 'shown this once' }) })])
export type NewMachine = Static<typeof NewMachine>

export const MachineInput = Type.Object(
  { machineId: DeviceId, displayName: DisplayName, kind: MachineKind },
  { additionalProperties: false }
)
export type MachineInput = Static<typeof MachineInput>

export const MachineChange = Type.Object(
  { displayName: Type.Optional(DisplayName), kind: Type.Optional(MachineKind), version: Type.Optional(Version) },
  { additionalProperties: false, minProperties: 1 }
)
export type MachineChange = Static<typeof MachineChange>

export const MachineQuery = Type.Object({ retired: Type.Optional(Type.Boolean()), ...PageQuery })
export type MachineQuery = Static<typeof MachineQuery>

export const DeviceKey = Type.Object({ machineId: DeviceId, deviceKey: Type.String({ description: 'shown this once' }) })

/** GET /api/machines/{machineId}/status, as existing firmware and apps read it. */
export const MachineStatus = Type.Object({
  status: Type.Literal('success'),
  machineId: DeviceId,
  operationStatus: Type.String(),
  online: Type.Boolean(),
  locked: Type.Boolean(),
  lastHeartbeatAt: Nullable(Time),
  storeMode: Type.String()
})
export type MachineStatus = Static<typeof MachineStatus>

export const LockInput = Type.Object({ machineId: DeviceId, lock: Type.Boolean() }, { additionalProperties: false })
export const CommandSent = Type.Object({ commandId: Uuid })
export const DeviceCommand = Type.Object({
  id: Uuid,
  machineId: DeviceId,
  command: CommandName,
  scaleId: Nullable(DeviceId),
  status: Type.Union([Type.Literal('sent'), Type.Literal('acknowledged'), Type.Literal('refused'), Type.Literal('silent')]),
  reason: Nullable(Type.String()),
  requestedBy: Type.String(),
  requestedAt: Time,
  answeredAt: Nullable(Time)
})
export type DeviceCommand = Static<typeof DeviceCommand>

export const Alarm = Type.Object({
  id: Uuid,
  kind: Type.String(),
  subject: Type.String(),
  message: Type.String(),
  startedAt: Time,
  endedAt: Nullable(Time)
})
export type Alarm = Static<typeof Alarm>
export const AlarmQuery = Type.Object({ open: Type.Optional(Type.Boolean()), ...SpanQuery })
export type AlarmQuery = Static<typeof AlarmQuery>
