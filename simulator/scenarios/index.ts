/** Every scenario there is: a shop, and what is played in it. */
import type { Play } from '#simulator/acts.ts'
import type { MachineSpec, ProductSpec } from '#simulator/machine.ts'
import type { ScannerSpec } from '#simulator/stage.ts'
import { busyHour } from './busy-hour.ts'
import { demo } from './demo.ts'
import { quietMorning } from './quiet-morning.ts'
import { refillTrip } from './refill-trip.ts'
import { twoAtOnce } from './two-at-once.ts'

export type Scenario = {
  name: string
  summary: string
  machines: MachineSpec[]
  scanners: ScannerSpec[]
  products: ProductSpec[]
  /** A people tracker hangs on the ceiling. */
  hasTracker?: boolean
  /** `shoppers` and `seconds` as asked for; a scenario without end leaves them alone. */
  acts(asked: { shoppers?: number; seconds?: number }): Play
}

export const scenarios: Scenario[] = [quietMorning, twoAtOnce, busyHour, refillTrip, demo]

/** Throws an Error that lists the names when there is none of this one. */
export function scenarioNamed(name: string): Scenario {
  const scenario = scenarios.find((s) => s.name === name)
  if (!scenario) throw new Error(`no scenario "${name}"; there are ${scenarios.map((s) => s.name).join(', ')}`)
  return scenario
}
