/** Scanners: the QR readers at the doors. */
import { type Static, Type } from 'typebox'
import { RefusalReason } from './entry.ts'
import { Nullable, PageQuery, Time, Uuid, Version } from './shared.ts'

export const ScannerTag = Type.Union([Type.Literal('ENTRY'), Type.Literal('EXIT')])
export type ScannerTag = Static<typeof ScannerTag>

const name = Type.String({ minLength: 1, maxLength: 100 })
export const ScannerInput = Type.Object({ name, tag: ScannerTag }, { additionalProperties: false })
export type ScannerInput = Static<typeof ScannerInput>
export const ScannerPatch = Type.Object(
  { name: Type.Optional(name), tag: Type.Optional(ScannerTag), version: Type.Optional(Version) },
  { additionalProperties: false, minProperties: 1 }
)
export type ScannerPatch = Static<typeof ScannerPatch>
export const ScannerQuery = Type.Object({
  ...PageQuery,
  retired: Type.Optional(Type.Boolean({ description: 'retired ones too' }))
})

export const Scanner = Type.Object({
  id: Uuid,
  name,
  tag: ScannerTag,
  online: Type.Boolean({ description: 'connected over MQTT' }),
  lastScanAt: Nullable(Time),
  lastScanMs: Nullable(
    Type.Integer({ description: 'how long the box took to answer it, milliseconds; since the last start of the server' })
  ),
  lastRefusal: Nullable(Type.Object({ reason: RefusalReason, at: Time }, { description: 'since the last start of the server' })),
  createdAt: Time,
  retiredAt: Nullable(Time),
  version: Version
})
export type Scanner = Static<typeof Scanner>
export const NewScanner = Type.Object({ ...Scanner.properties, deviceKey: Type.String({ description: 'shown this once' }) })
export type NewScanner = Static<typeof NewScanner>
export const ScannerDeviceKey = Type.Object({
  scannerId: Uuid,
  deviceKey: Type.String({ description: 'shown this once; the old one ended' })
})
