/** What somebody standing in the fake shop would see, told as its story goes on. `ms` is when it begins, in milliseconds of the story. */
import type { ScannerTag } from '#contracts/api/scanners.ts'
import type { StoreMode } from '#contracts/api/store.ts'
import type { Person } from './people.ts'
import type { TruthAction } from './truth.ts'

export type Sight = { ms: number } & (
  | { sight: 'arrival'; visitKey: string; person: Person }
  /** The door's answer to a code. */
  | { sight: 'door'; visitKey: string; direction: ScannerTag; refused: string | null }
  /** Somebody turns to a facing (by its place in the planogram); the hand is there at `atMs` and moves the units of these products. */
  | {
      sight: 'reach'
      visitKey: string
      atMs: number
      machineId: string
      facing: number
      kind: TruthAction['kind']
      skus: string[]
    }
  /** Somebody heads for the exit, to show a code there at `atMs`. */
  | { sight: 'departure'; visitKey: string; atMs: number }
  | { sight: 'gone'; visitKey: string }
  | { sight: 'mode'; mode: StoreMode }
)
export type Witness = (sight: Sight) => void
/** Tells the one, then the other. */
export const alongside =
  (one: Witness, other: Witness): Witness =>
  (sight) => {
    one(sight)
    other(sight)
  }
