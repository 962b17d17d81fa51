/** The simulated shop: machines, scanners, cameras and shoppers that use an empty store as real ones would, to look around. */
import { type Static, Type } from 'typebox'
import { Nullable, Time } from './shared.ts'

export const SimulatedShopState = Type.Object({
  startedAt: Nullable(Type.Union([Time], { description: 'since when it runs; null: it does not' })),
  endedFor: Nullable(Type.String({ description: 'why it ended by itself the last time' }))
})
export type SimulatedShopState = Static<typeof SimulatedShopState>
