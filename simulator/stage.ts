/** Where a story takes place: everything that its scenes share while it is told. Time is milliseconds since the story began. */

import type { ScannerTag } from '#contracts/api/scanners.ts'
import type { StoreMode } from '#contracts/api/store.ts'
import type { Change } from '#contracts/device/change.ts'
import type { HeartbeatBody } from '#contracts/device/heartbeat.ts'
import type { Samples } from '#contracts/device/samples.ts'
import type { UserRole } from '#contracts/events.ts'
import type { Agenda } from './agenda.ts'
import type { Facing, Machine, ProductSpec, Unit } from './machine.ts'
import type { Person } from './people.ts'
import type { Random } from './random.ts'
import type { Witness } from './sights.ts'
import type { Truth } from './truth.ts'

export type ScannerSpec = { name: string; tag: ScannerTag; transport: 'http' | 'mqtt' }
/** What a QR code says, before it is signed. Seconds since 1970. */
export type CodeClaims = { id: string; role: UserRole; phoneNumber: string; jti: string; iat: number; exp: number; aud?: string }

/** A message as a scene makes it: without its instant, which is the moment of the scene, and a code still unsigned. */
export type Draft =
  | { kind: 'heartbeat'; deviceId: string; body: HeartbeatBody }
  | { kind: 'samples'; deviceId: string; body: Samples }
  | { kind: 'change'; deviceId: string; body: Change }
  | { kind: 'scan'; deviceId: string; claims: CodeClaims; visitKey: string; direction: ScannerTag }
  | { kind: 'mode'; deviceId: 'staff'; body: { mode: StoreMode } }

export type Scene = () => Draft | undefined

/** What somebody carries, and whence. */
export type Held = { unit: Unit; machine: Machine; facing: Facing }
export type Visit = {
  visitKey: string
  person: Person
  hands: Held[]
  /** Set when the box refuses the entry: from then on nothing is done. */
  refused: string | null
  exitTries: number
  random: Random
}

export type Stage = {
  ms: number
  startMs: number
  agenda: Agenda<Scene>
  machines: Machine[]
  scanners: ScannerSpec[]
  products: Map<string, ProductSpec>
  people: Person[]
  inside: Map<string, Visit>
  truth: Truth
  /** Told what there is to see, when a scene decides it: a little before it begins. */
  witness: Witness
  random: Random
  storeId: string | null
  count: number
  say: (line: string) => void
}

export const after = (stage: Stage, ms: number, scene: Scene): void => stage.agenda.note(stage.ms + ms, scene)
/** The wall-clock time of a moment of the story. */
export const timeAt = (stage: Stage, ms: number): Date => new Date(Math.round(stage.startMs + ms))
export const productName = (stage: Stage, sku: string): string => stage.products.get(sku)?.name ?? sku
