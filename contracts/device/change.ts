/** A weight change that the machine settled itself, over MQTT. It moves the baseline: a heartbeat that agrees with it makes no second one. */
import { type Static, Type } from 'typebox'
import { DeviceTime, MessageOrder, WireScaleId } from './heartbeat.ts'

const MAX_GRAMS = 10_000_000

/** `grams` is negative when weight left the scale (picked). A change counts once by its `id`; without it by (bootId, seq); with neither it is new. */
export const Change = Type.Object(
  {
    id: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    scaleId: WireScaleId,
    grams: Type.Number({ minimum: -MAX_GRAMS, maximum: MAX_GRAMS }),
    at: Type.Optional(DeviceTime),
    ...MessageOrder
  },
  { description: 'grams; unknown fields are ignored' }
)
export type Change = Static<typeof Change>

export const changeTopic = (storeId: string, machineId: string) => `store/${storeId}/machine/${machineId}/change`
