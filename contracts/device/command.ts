/** What the store asks of a machine over MQTT, and the machine's answer. */
import { type Static, Type } from 'typebox'
import { DeviceId } from '#contracts/api/shared.ts'

export const CommandName = Type.Union([Type.Literal('lock'), Type.Literal('unlock'), Type.Literal('tare')])
export type CommandName = Static<typeof CommandName>

/** A tare with `scaleId` is meant for that scale alone, without it for all. */
export const Command = Type.Object({ id: Type.String({ maxLength: 64 }), command: CommandName, scaleId: Type.Optional(DeviceId) })
export type Command = Static<typeof Command>

/** The machine did it (`ok`), or did not and says why. No answer within COMMAND_SILENCE_MS is silence. */
export const CommandAck = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 64 }),
  ok: Type.Boolean(),
  reason: Type.Optional(Type.Union([Type.String({ maxLength: 500 }), Type.Null()]))
})
export type CommandAck = Static<typeof CommandAck>

export const COMMAND_SILENCE_MS = 10_000

export const commandTopic = (storeId: string, machineId: string) => `store/${storeId}/machine/${machineId}/command`
export const commandAckTopic = (storeId: string, machineId: string) => `store/${storeId}/machine/${machineId}/command/ack`
