/** Who may pass a door, whom a store mode locks out, what of a phone number is shown. Pure. */
import type { RefusalReason } from '#contracts/api/entry.ts'
import type { StoreMode, UserRole } from '#contracts/api/store.ts'
import type { CartLine } from '#contracts/events.ts'

/** The roles that cannot come in while the store is in a mode. Everybody can leave in every mode. */
const LOCKED_OUT: Record<StoreMode, readonly UserRole[]> = {
  CUSTOMER_MODE: [],
  REFILLMENT_MODE: ['customer'],
  MAINTENANCE_MODE: ['customer', 'operations']
}
const MODE_REASON: Record<StoreMode, RefusalReason | null> = {
  CUSTOMER_MODE: null,
  REFILLMENT_MODE: 'store-in-refillment',
  MAINTENANCE_MODE: 'store-in-maintenance'
}

/** Why a user with a valid, unused code may not come in; null when the door opens. Whether he is inside already is looked at after this. */
export function entryRefusal({
  role,
  mode,
  isBlocked
}: {
  role: UserRole
  mode: StoreMode
  isBlocked: boolean
}): RefusalReason | null {
  if (isBlocked) return 'blocked'
  return LOCKED_OUT[mode].includes(role) ? MODE_REASON[mode] : null
}

/** Does the change from one mode to another lock out the customers who are inside? */
export const locksOutCustomers = (mode: StoreMode): boolean => LOCKED_OUT[mode].includes('customer')

/** What a person at the door reads. */
export const REFUSAL_MESSAGES: Record<RefusalReason, string> = {
  'wrong-scanner': 'this scanner is for the other door',
  'bad-token': 'this is not a code of this store',
  'unknown-key': 'nobody this store knows has signed this code',
  'bad-signature': 'this code was changed after it was made',
  expired: 'this code has expired; make a new one',
  'too-long-lived': 'this code is valid for longer than the store allows; make a new one',
  'already-used': 'this code was used before; make a new one',
  blocked: 'this user is blocked; ask the store’s staff',
  'store-in-refillment': 'the store is being refilled and opens again soon',
  'store-in-maintenance': 'the store is closed for maintenance',
  'already-inside': 'this user is inside already',
  'not-inside': 'this user is not inside'
}

/** The last three digits of a phone number, for those who need no more. */
export function maskPhoneNumber(phoneNumber: string): string {
  const shown = phoneNumber.length > 5 ? phoneNumber.slice(-3) : ''
  return '•'.repeat(phoneNumber.length - shown.length) + shown
}

/** The key of the refund or the extra charge that a cart's version comes with: the same however often it is told; null when it is neither. */
export function differenceKey({ visitId, version, differenceMinor }: Correction): string | null {
  if (differenceMinor === 0) return null
  return `visit-${visitId}-v${version}-${differenceMinor < 0 ? 'refund' : 'extra'}`
}
type Correction = { visitId: string; version: number; differenceMinor: number }

/** The lines of a visit's tickets as one cart: those of one product at one price become one line; the total is their sum, in minor units. */
export function cartOf(ticketLines: CartLine[]): { lines: CartLine[]; totalMinor: number } {
  const merged = new Map<string, CartLine>()
  for (const { productId, quantity, unitPriceMinor } of ticketLines) {
    const key = `${productId} ${unitPriceMinor}`
    const line = merged.get(key)
    merged.set(key, { productId, quantity: (line?.quantity ?? 0) + quantity, unitPriceMinor })
  }
  const lines = [...merged.values()]
  return { lines, totalMinor: lines.reduce((sum, line) => sum + line.quantity * line.unitPriceMinor, 0) }
}
