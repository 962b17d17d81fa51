/** Every resource of the panel, in the order of the menu. */
import { alarms } from './alarms.ts'
import { apiTokens } from './api-tokens.ts'
import { audit } from './audit.ts'
import { cameras } from './cameras.ts'
import { carts } from './carts.ts'
import { jobs } from './jobs.ts'
import { machineSessions } from './machine-sessions.ts'
import { machines } from './machines.ts'
import { modeChanges } from './mode-changes.ts'
import { movements } from './movements.ts'
import { products } from './products.ts'
import { qrKeys } from './qr-keys.ts'
import { scanners } from './scanners.ts'
import { staff } from './staff.ts'
import { tickets } from './tickets.ts'
import type { Resource } from './types.ts'
import { userSessions } from './user-sessions.ts'
import { users } from './users.ts'
import { videos } from './videos.ts'
import { visits } from './visits.ts'
import { webhooks } from './webhooks.ts'
import { weightChanges } from './weight-changes.ts'

export const RESOURCES: Resource[] = [
  visits,
  tickets,
  carts,
  users,
  userSessions,
  machines,
  products,
  weightChanges,
  movements,
  machineSessions,
  scanners,
  cameras,
  videos,
  alarms,
  modeChanges,
  jobs,
  staff,
  apiTokens,
  webhooks,
  qrKeys,
  audit
]
export const resourceNamed = (name: string | undefined): Resource | null => RESOURCES.find((one) => one.name === name) ?? null
