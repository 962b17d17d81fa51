/** The words of the API's codes, and how they look. */
import type { Choice } from './types.ts'

export const ROLES: Choice[] = [
  { value: 'customer', label: 'Customer' },
  { value: 'operations', label: 'Operations', tone: 'info' },
  { value: 'admin', label: 'Admin', tone: 'info' }
]
export const STAFF_ROLES: Choice[] = [
  { value: 'admin', label: 'Admin', tone: 'info' },
  { value: 'operations', label: 'Operations' },
  { value: 'reviewer', label: 'Reviewer' }
]
export const MODES: Choice[] = [
  { value: 'CUSTOMER_MODE', label: 'Open for customers', tone: 'good' },
  { value: 'REFILLMENT_MODE', label: 'Refill', tone: 'fair' },
  { value: 'MAINTENANCE_MODE', label: 'Maintenance', tone: 'quiet' }
]
export const TICKET_STATES: Choice[] = [
  { value: 'TO_BE_REVIEWED', label: 'To be reviewed', tone: 'fair' },
  { value: 'UNDER_REVIEW', label: 'Under review', tone: 'info' },
  { value: 'REVIEW_COMPLETE', label: 'Complete', tone: 'good' }
]
export const CART_STATES: Choice[] = [
  { value: 'OPEN', label: 'Open', tone: 'fair' },
  { value: 'SETTLED', label: 'Settled', tone: 'good' },
  { value: 'REOPENED', label: 'Reopened', tone: 'bad' }
]
export const MACHINE_KINDS: Choice[] = [
  { value: 'shelf', label: 'Shelf' },
  { value: 'cooler', label: 'Cooler' },
  { value: 'cabinet', label: 'Cabinet' }
]
export const DOOR_TAGS: Choice[] = [
  { value: 'ENTRY', label: 'Entry' },
  { value: 'EXIT', label: 'Exit' }
]
export const CAMERA_TAGS: Choice[] = [
  ...DOOR_TAGS,
  { value: 'IN_STORE', label: 'In the store' },
  { value: 'OUT_OF_STORE', label: 'Outside' }
]
export const CAMERA_STATES: Choice[] = [
  { value: 'recording', label: 'Recording', tone: 'good' },
  { value: 'connecting', label: 'Connecting', tone: 'info' },
  { value: 'retrying', label: 'No picture', tone: 'bad' },
  { value: 'waiting-for-clock', label: 'Waiting for the clock', tone: 'fair' },
  { value: 'disabled', label: 'Off', tone: 'quiet' },
  { value: 'not-possible', label: 'Not possible', tone: 'bad' }
]
export const CHANGE_STATES: Choice[] = [
  { value: 'PICKED', label: 'Picked', tone: 'fair' },
  { value: 'PLACED', label: 'Placed', tone: 'info' }
]
export const SOURCES: Choice[] = [
  { value: 'heartbeat', label: 'Heartbeat' },
  { value: 'samples', label: 'Samples' },
  { value: 'device', label: 'The machine itself' }
]
const yes = (label: string, tone: Choice['tone'] = 'good'): Choice => ({ value: 'true', label, ...(tone && { tone }) })
const no = (label: string, tone: Choice['tone'] = 'quiet'): Choice => ({ value: 'false', label, ...(tone && { tone }) })
export const ONLINE: [Choice, Choice] = [yes('Online'), no('Offline', 'bad')]
export const YES_NO: [Choice, Choice] = [yes('Yes', 'info'), no('No')]
export const BALANCED: [Choice, Choice] = [yes('Balanced'), no('Out of balance', 'bad')]
export const BLOCKED: [Choice, Choice] = [yes('Blocked', 'bad'), no('May come in', 'good')]
export const ACTIVE: [Choice, Choice] = [yes('Active'), no('Not in new planograms')]
