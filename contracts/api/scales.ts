/** Scales: made by the first heartbeat that names them. Weights in whole grams. */
import { type Static, Type } from 'typebox'
import { DeviceId, Nullable, Time } from './shared.ts'

export const Scale = Type.Object({
  machineId: DeviceId,
  scaleId: DeviceId,
  weightGrams: Nullable(Type.Integer({ description: 'last reading' })),
  baselineGrams: Nullable(Type.Integer({ description: 'last settled weight' })),
  noiseGrams: Type.Number({ description: 'σ of its readings at rest; 0 until 20 were seen' }),
  thresholdGrams: Type.Integer({ description: 'the smallest difference that counts as a change' }),
  lastReadingAt: Nullable(Time),
  lastChangeAt: Nullable(Time),
  disabled: Type.Boolean()
})
export type Scale = Static<typeof Scale>

export const ScaleChange = Type.Object({ disabled: Type.Boolean() }, { additionalProperties: false })
export type ScaleChange = Static<typeof ScaleChange>
