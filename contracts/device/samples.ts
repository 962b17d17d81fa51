/** Raw load-cell samples of a machine over MQTT. */
import { type Static, Type } from 'typebox'
import { DeviceId } from '#contracts/api/shared.ts'
import { DeviceTime, MessageOrder } from './heartbeat.ts'

const MAX_GRAMS = 10_000_000
const Sample = Type.Union([Type.Number({ minimum: -MAX_GRAMS, maximum: MAX_GRAMS }), Type.Null()])

/** `at` is the time of the first sample, the others follow at `rateHz`; oldest first; null = no reading at that moment. */
export const Samples = Type.Object(
  {
    at: Type.Optional(DeviceTime),
    rateHz: Type.Number({ minimum: 1, maximum: 1000, examples: [60] }),
    scales: Type.Record(DeviceId, Type.Array(Sample, { maxItems: 10_000 }), {
      minProperties: 1,
      maxProperties: 4096,
      additionalProperties: false
    }),
    ...MessageOrder
  },
  { description: 'grams; unknown fields are ignored' }
)
export type Samples = Static<typeof Samples>

export const samplesTopic = (storeId: string, machineId: string) => `store/${storeId}/machine/${machineId}/samples`
