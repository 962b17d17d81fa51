/** What really happened in the fake shop: the yardstick for everything the box makes of it. Grams; a negative quantity is a put-back. */
import type { StoreMode, UserRole } from '#contracts/events.ts'
import type { Person } from './people.ts'

export type TruthAction = {
  at: string
  kind: 'take' | 'put-back' | 'touch' | 'refill' | 'tidy'
  visitKey: string
  /** As the box answered at the entry; null in a story that nobody answered. */
  visitId: string | null
  userId: string
  role: UserRole
  machineId: string
  scaleIds: string[]
  sku: string | null
  productId: string | null
  /** Taken from the shelf (+) or put onto it (−). */
  quantity: number
  /** True when it now stands, or stood, where the planogram has another product. */
  isMisplaced: boolean
  /** What came onto (+) or left (−) each scale, to a tenth of a gram. */
  grams: Record<string, number>
}
export type TruthLine = { sku: string; productId: string | null; quantity: number }
export type TruthVisit = {
  visitKey: string
  visitId: string | null
  userId: string
  name: string
  role: UserRole
  enteredAt: string
  leftAt: string | null
  /** Why the box did not let the person in; then nothing was taken after it. */
  refused: string | null
  /** What a customer has to pay for; staff pay nothing. */
  bill: TruthLine[]
}
export type TruthMode = { at: string; mode: StoreMode }
export type TruthRecord =
  | ({ record: 'action' } & TruthAction)
  | ({ record: 'visit' } & TruthVisit)
  | ({ record: 'mode' } & TruthMode)

export class Truth {
  readonly actions: TruthAction[] = []
  readonly visits: TruthVisit[] = []
  readonly modes: TruthMode[] = []
  /** Called with each record as it becomes known: an action at once, a visit when the person left (again, if it took several tries to leave). */
  onRecord: (record: TruthRecord) => void = () => undefined
  #productIds: Record<string, string> = {}
  #visits = new Map<string, TruthVisit>()

  /** Product ids as the box gave them, by sku. */
  knowProducts(productIds: Record<string, string>): void {
    this.#productIds = productIds
  }

  entered(visitKey: string, { userId, name, role }: Person, at: Date): void {
    const visit: TruthVisit = {
      visitKey,
      visitId: null,
      userId,
      name,
      role,
      enteredAt: at.toISOString(),
      leftAt: null,
      refused: null,
      bill: []
    }
    this.visits.push(visit)
    this.#visits.set(visitKey, visit)
  }

  /** The box's answer to the entry. */
  answered(visitKey: string, answer: { visitId: string } | { refused: string }): void {
    const visit = this.#visits.get(visitKey)
    if (!visit) return
    Object.assign(visit, answer)
    if (visit.refused) this.onRecord({ record: 'visit', ...visit })
  }

  acted(action: Omit<TruthAction, 'visitId' | 'productId' | 'userId' | 'role'>): void {
    const visit = this.#visits.get(action.visitKey)
    if (!visit) return
    const productId = action.sku ? (this.#productIds[action.sku] ?? null) : null
    const whole: TruthAction = { ...action, visitId: visit.visitId, userId: visit.userId, role: visit.role, productId }
    this.actions.push(whole)
    if (visit.role === 'customer' && action.sku) bill(visit, { sku: action.sku, productId, quantity: action.quantity })
    this.onRecord({ record: 'action', ...whole })
  }

  left(visitKey: string, at: Date): void {
    const visit = this.#visits.get(visitKey)
    if (!visit) return
    visit.leftAt = at.toISOString()
    this.onRecord({ record: 'visit', ...visit })
  }

  modeChanged(mode: StoreMode, at: Date): void {
    const change = { at: at.toISOString(), mode }
    this.modes.push(change)
    this.onRecord({ record: 'mode', ...change })
  }
}

/** Adds to what is to be paid; a product that was wholly put back is no line at all. */
function bill(visit: TruthVisit, { sku, productId, quantity }: TruthLine): void {
  const line = visit.bill.find((l) => l.sku === sku)
  if (line) line.quantity += quantity
  else if (quantity !== 0) visit.bill.push({ sku, productId, quantity })
  visit.bill = visit.bill.filter((l) => l.quantity !== 0)
}
