/** Every resource of the panel, in the order of the menu. */
import { cameras, scanners, videos } from './doors.ts'
import { alarms, apiTokens, audit, jobs, modeChanges, qrKeys, staff } from './house.ts'
import { machineSessions, machines, products, weightChanges } from './shelves.ts'
import type { Resource } from './types.ts'
import { carts, tickets, userSessions, users, visits } from './visits.ts'

export const RESOURCES: Resource[] = [
  visits,
  tickets,
  carts,
  users,
  userSessions,
  machines,
  products,
  weightChanges,
  machineSessions,
  scanners,
  cameras,
  videos,
  alarms,
  modeChanges,
  jobs,
  staff,
  apiTokens,
  qrKeys,
  audit
]
export const resourceNamed = (name: string | undefined): Resource | null => RESOURCES.find((one) => one.name === name) ?? null
