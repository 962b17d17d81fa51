/** Where people stand, as a tracker sees them: metres on the store's floor plan. */
import { type Static, Type } from 'typebox'
import { DeviceTime } from './heartbeat.ts'

/** No store is wider. */
export const MAX_METRES = 1000
export const MAX_PEOPLE = 200
const Metres = Type.Number({ minimum: -MAX_METRES, maximum: MAX_METRES })

/** `trackId` stays with a person for as long as the tracker does not lose them. */
export const Person = Type.Object({
  trackId: Type.String({ minLength: 1, maxLength: 64 }),
  x: Metres,
  y: Metres
})
export type Person = Static<typeof Person>

/** Everybody who is seen at one moment; empty: nobody. */
export const Positions = Type.Object(
  {
    at: Type.Optional(DeviceTime),
    people: Type.Array(Person, { maxItems: MAX_PEOPLE, examples: [[{ trackId: '17', x: 2.4, y: -0.5 }]] })
  },
  { description: 'unknown fields are ignored' }
)
export type Positions = Static<typeof Positions>
/** The answer over HTTP: the positions are durable. */
export const PositionsAccepted = Type.Object({ status: Type.Literal('success') })

export const positionsTopic = (storeId: string, trackerId: string) => `store/${storeId}/tracker/${trackerId}/positions`
