/** What a device sent or showed that was refused: the last of it, since the last start of the server. */
import { type Static, Type } from 'typebox'
import { Nullable, Time } from './shared.ts'

export const DeviceRefusal = Type.Object({
  at: Type.String({ format: 'date-time', description: 'the last time' }),
  over: Nullable(
    Type.Union([Type.Literal('HTTP'), Type.Literal('MQTT')], { description: 'null: a code at a door, however it was sent' })
  ),
  reason: Type.String({ description: 'stable, for programs' }),
  detail: Type.String({ description: 'for people' }),
  count: Type.Integer({ minimum: 1, description: 'so many times in a row' })
})
export type DeviceRefusal = Static<typeof DeviceRefusal>

export const DeviceRefusals = Type.Object({
  items: Type.Array(DeviceRefusal, { description: 'newest first' }),
  since: Type.Union([Time], { description: 'nothing from before this is remembered' })
})
export type DeviceRefusals = Static<typeof DeviceRefusals>
