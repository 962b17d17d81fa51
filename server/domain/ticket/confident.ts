/**
 * What inference would decide on a ticket, pure: its lines when every movement is above the confidence and the books balance; otherwise
 * people decide. A ticket whose evidence has not been looked at as it stands now waits.
 */
import type { Movement } from '#contracts/api/movements.ts'
import type { ProposedLine } from '#contracts/api/tickets.ts'
import { proposedLines } from './proposed-lines.ts'
import type { Evidence } from './rules.ts'

/** One change that inference has looked at: with which grams, and how sure the movement is that it is part of (null: nobody did anything). */
export type LookedAtChange = { weightChangeId: string; scaleId: string; grams: number; confidence: number | null }
export type ConfidentFacts = {
  evidence: Evidence
  /** Of every change of the evidence, whoever it is laid to. */
  looked: LookedAtChange[]
  /** Of this visit at this machine. */
  movements: Movement[]
  isBalanced: boolean | null
  leastConfidence: number
}
export type Verdict = 'waits' | 'people' | { lines: ProposedLine[] }

/** Grams that may come and go on a scale with nobody doing anything. */
const TREMBLE_GRAMS = 10

export function decideAlone({ evidence, looked, movements, isBalanced, leastConfidence }: ConfidentFacts): Verdict {
  const known = new Map(looked.map((change) => [change.weightChangeId, change.grams]))
  if (Object.entries(evidence).some(([id, grams]) => known.get(id) !== grams)) return 'waits'
  if (isBalanced === false) return 'people'
  const isSure = (confidence: number) => confidence >= leastConfidence
  if (!movements.every(({ productId, confidence }) => productId !== null && isSure(confidence))) return 'people'
  if (!looked.every(({ confidence }) => confidence === null || isSure(confidence))) return 'people'
  const idle = Map.groupBy(
    looked.filter(({ confidence }) => confidence === null),
    (change) => change.scaleId
  )
  for (const own of idle.values()) if (Math.abs(own.reduce((sum, { grams }) => sum + grams, 0)) >= TREMBLE_GRAMS) return 'people'
  const isEvidence = (id: string) => evidence[id] !== undefined
  return {
    lines: proposedLines(movements).map((line) => ({ ...line, weightChangeIds: line.weightChangeIds.filter(isEvidence) }))
  }
}

/** Is this one of the share that goes to people all the same? The same ticket always is or is not: its id ends in random bits. */
export const isSampled = (ticketId: string, share: number): boolean =>
  Number.parseInt(ticketId.slice(-8), 16) / 0x1_0000_0000 < share
