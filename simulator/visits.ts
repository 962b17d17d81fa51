/** The frame of every visit: scan in, do one thing after another, scan out. What is done there is told by deeds. */
import type { ScannerTag } from '#contracts/api/scanners.ts'
import type { Facing, Grip, Machine } from './machine.ts'
import type { Person } from './people.ts'
import { after, type Draft, type Stage, timeAt, type Visit } from './stage.ts'
import type { TruthAction } from './truth.ts'

/** Does one thing, if it can be done; answers how many milliseconds it takes (0 = it could not be done). */
export type Deed = (stage: Stage, visit: Visit) => number

/** From the decision to the moment the hand's weight change happens: the hands are on the scale meanwhile. */
export const REACH_MS = 2000
/** A code is made a moment before it is shown, and lives two minutes. */
const CODE_AGE_S = 2
const CODE_LIFE_S = 120
const EXIT_AGAIN_MS = 3000
const EXIT_TRIES = 5

/** `person` comes in now, does the deeds with walks between them, and leaves; then `whenGone` is called. */
export function beginVisit(stage: Stage, person: Person, { deeds, whenGone }: { deeds: Deed[]; whenGone: () => void }): Draft {
  const visitKey = `v${++stage.count}`
  const visit: Visit = { visitKey, person, hands: [], refused: null, exitTries: 0, random: stage.random.fork(visitKey) }
  stage.inside.set(visitKey, visit)
  stage.truth.entered(visitKey, person, timeAt(stage, stage.ms))
  stage.witness({ sight: 'arrival', ms: stage.ms, visitKey, person })
  stage.say(`${person.name} (${person.role}) shows a code at the entry`)
  after(stage, visit.random.range(1500, 2500), () => nextDeed(stage, visit, { deeds, whenGone }))
  return showCode(stage, visit, 'ENTRY')
}

function nextDeed(stage: Stage, visit: Visit, { deeds, whenGone }: { deeds: Deed[]; whenGone: () => void }): undefined {
  const [deed, ...rest] = deeds
  if (visit.refused) return gone(stage, visit, whenGone)
  if (!deed) {
    const inMs = visit.random.range(1200, 2500)
    after(stage, inMs, () => leave(stage, visit, whenGone))
    stage.witness({ sight: 'departure', ms: stage.ms, visitKey: visit.visitKey, atMs: stage.ms + inMs })
    return
  }
  const tookMs = deed(stage, visit)
  const walkMs = rest.length > 0 ? visit.random.range(400, 1800) : 0
  after(stage, tookMs > 0 ? tookMs + walkMs : 0, () => nextDeed(stage, visit, { deeds: rest, whenGone }))
}

function leave(stage: Stage, visit: Visit, whenGone: () => void): Draft | undefined {
  if (visit.refused) return gone(stage, visit, whenGone)
  stage.truth.left(visit.visitKey, timeAt(stage, stage.ms))
  const bill = stage.truth.visits.findLast((v) => v.visitKey === visit.visitKey)?.bill ?? []
  const carries = bill.map((l) => `${l.quantity} × ${stage.products.get(l.sku)?.name}`).join(', ')
  stage.say(`${visit.person.name} (${visit.person.role}) leaves ${carries ? `with ${carries}` : 'with nothing to pay'}`)
  after(stage, EXIT_AGAIN_MS * (EXIT_TRIES + 1), () => gone(stage, visit, () => undefined))
  whenGone()
  return showCode(stage, visit, 'EXIT')
}

function gone(stage: Stage, visit: Visit, whenGone: () => void): undefined {
  stage.inside.delete(visit.visitKey)
  stage.witness({ sight: 'gone', ms: stage.ms, visitKey: visit.visitKey })
  whenGone()
}

/** The visitor's app makes a fresh code for each door. */
function showCode(stage: Stage, visit: Visit, direction: ScannerTag): Draft {
  const { userId: id, role, phoneNumber } = visit.person
  const iat = Math.floor((stage.startMs + stage.ms) / 1000) - CODE_AGE_S
  const jti = `${visit.visitKey}-${direction.toLowerCase()}-${visit.exitTries}-${iat}-${id.slice(-6)}`
  const claims = { id, role, phoneNumber, jti, iat, exp: iat + CODE_LIFE_S, ...(stage.storeId && { aud: stage.storeId }) }
  const scanners = stage.scanners.filter((s) => s.tag === direction)
  return { kind: 'scan', deviceId: visit.random.pick(scanners).name, claims, visitKey: visit.visitKey, direction }
}

export type DoorReply = { visitId: string } | { refused: string }
/** Tells the story what the door said. Whoever is not let in takes nothing; whoever cannot get out tries again with a new code. */
export function hearDoor(
  stage: Stage,
  { visitKey, direction }: { visitKey: string; direction: ScannerTag },
  reply: DoorReply
): void {
  const visit = stage.inside.get(visitKey)
  if (!visit) return
  const refused = 'refused' in reply ? reply.refused : null
  stage.witness({ sight: 'door', ms: stage.ms, visitKey, direction, refused })
  if (direction === 'ENTRY') {
    stage.truth.answered(visitKey, reply)
    if ('refused' in reply) visit.refused = reply.refused
  } else if ('refused' in reply && reply.refused !== 'not-inside' && ++visit.exitTries < EXIT_TRIES)
    after(stage, EXIT_AGAIN_MS, () => {
      stage.truth.left(visitKey, timeAt(stage, stage.ms))
      return showCode(stage, visit, 'EXIT')
    })
}

type Told = Pick<TruthAction, 'kind' | 'sku' | 'quantity' | 'isMisplaced'> & {
  machine: Machine
  facing: Facing
  grip: Grip
  atMs: number
}
/** Who watches sees somebody reach out now; the truth learns of the deed at the moment its weight changes. */
export function tell(stage: Stage, visit: Visit, { machine, facing, grip, atMs, ...facts }: Told): void {
  const scaleId = (index: number) => machine.shelf.scales[index]!.scaleId
  const grams = Object.fromEntries(
    [...grip.grams].filter(([, g]) => g !== 0).map(([index, g]) => [scaleId(index), Math.round(g * 10) / 10])
  )
  const scaleIds = facing.scales.map(scaleId)
  const { machineId } = machine.spec
  const skus = grip.units.map((unit) => unit.sku)
  const place = { machineId, facing: machine.facings.indexOf(facing) }
  stage.witness({ sight: 'reach', ms: stage.ms, atMs, visitKey: visit.visitKey, ...place, kind: facts.kind, skus })
  stage.agenda.note(atMs, () => {
    const at = timeAt(stage, atMs).toISOString()
    stage.truth.acted({ at, visitKey: visit.visitKey, machineId, scaleIds, grams, ...facts })
    return undefined
  })
}
