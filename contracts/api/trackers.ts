/** People trackers, and the floor plan they speak of: metres from any one corner of the store. */
import { type Static, Type } from 'typebox'
import { DeviceId, Nullable, PageQuery, Time, Uuid, Version } from './shared.ts'

const strict = { additionalProperties: false }
const Metres = Type.Number({ minimum: -1000, maximum: 1000 })
const name = Type.String({ minLength: 1, maxLength: 100 })

export const TrackerInput = Type.Object({ name }, strict)
export type TrackerInput = Static<typeof TrackerInput>
export const TrackerQuery = Type.Object({
  ...PageQuery,
  retired: Type.Optional(Type.Boolean({ description: 'retired ones too' }))
})
export const Tracker = Type.Object({
  id: Uuid,
  name,
  lastSightingAt: Nullable(Time),
  createdAt: Time,
  retiredAt: Nullable(Time),
  version: Version
})
export type Tracker = Static<typeof Tracker>
export const NewTracker = Type.Object({ ...Tracker.properties, deviceKey: Type.String({ description: 'shown this once' }) })
export type NewTracker = Static<typeof NewTracker>

/** Where one stands to reach each scale of a machine. */
export const MachinePlace = Type.Object(
  {
    spots: Type.Array(Type.Object({ scaleId: DeviceId, x: Metres, y: Metres }, strict), {
      maxItems: 4096,
      description: 'where one stands to reach the scale'
    })
  },
  strict
)
export type MachinePlace = Static<typeof MachinePlace>
/** Where one stands to show a code; null: not on the floor plan. */
export const ScannerPlace = Type.Object({ x: Nullable(Metres), y: Nullable(Metres) }, strict)
export type ScannerPlace = Static<typeof ScannerPlace>
