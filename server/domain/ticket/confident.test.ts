/** When inference decides a ticket alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Movement } from '#contracts/api/movements.ts'
import { newId } from '#server/platform/ids.ts'
import { type ConfidentFacts, decideAlone, isSampled } from './confident.ts'

const movement = (more: Partial<Movement> = {}): Movement => ({
  ...{ id: 'm', machineId: 'm1', visitId: 'v', productId: 'cola', quantity: 1, returned: 0, occurredAt: '' },
  ...{ confidence: 0.99, shares: { v: 1 }, candidates: [], weightChangeIds: ['a'], reasons: [], version: 1 },
  ...more
})
const looked = (weightChangeId: string, grams: number, confidence: number | null = 0.99) => ({
  weightChangeId,
  scaleId: '1',
  grams,
  confidence
})
const clear: ConfidentFacts = {
  evidence: { a: -345 },
  looked: [looked('a', -345)],
  movements: [movement()],
  isBalanced: null,
  leastConfidence: 0.98
}

test('a ticket decides itself when all of it is sure and the books balance', () => {
  const table: [string, Partial<ConfidentFacts>, 'waits' | 'people' | string[]][] = [
    ['clear', {}, ['1 cola']],
    ['… and the books balance', { isBalanced: true }, ['1 cola']],
    ['the books do not balance', { isBalanced: false }, 'people'],
    ['a change was not looked at yet', { evidence: { a: -345, b: -90 } }, 'waits'],
    ['a change was corrected since', { evidence: { a: -350 } }, 'waits'],
    ['not sure enough', { movements: [movement({ confidence: 0.97 })] }, 'people'],
    ['something, nobody knows what', { movements: [movement({ productId: null })] }, 'people'],
    [
      'another visit’s movement, not sure',
      { evidence: { a: -345, b: -90 }, looked: [looked('a', -345), looked('b', -90, 0.6)] },
      'people'
    ],
    [
      'another visit’s movement, sure',
      { evidence: { a: -345, b: -90 }, looked: [looked('a', -345), looked('b', -90)] },
      ['1 cola']
    ],
    [
      'grams that nobody explains',
      { evidence: { a: -345, b: -90 }, looked: [looked('a', -345), looked('b', -90, null)] },
      'people'
    ],
    [
      'a hand that leaned and let go',
      { evidence: { a: -345, b: 90, c: -91 }, looked: [looked('a', -345), looked('b', 90, null), looked('c', -91, null)] },
      ['1 cola']
    ],
    ['taken and put back', { movements: [movement({ returned: 1 }), movement({ quantity: -1 })] }, []]
  ]
  for (const [what, more, verdict] of table) {
    const decided = decideAlone({ ...clear, ...more })
    assert.deepEqual(
      typeof decided === 'string' ? decided : decided.lines.map((line) => `${line.quantity} ${line.productId}`),
      verdict,
      what
    )
  }
})

test('lines name only changes that are evidence of the ticket', () => {
  const decided = decideAlone({ ...clear, movements: [movement({ weightChangeIds: ['a', 'after the exit'] })] })
  assert(typeof decided === 'object')
  assert.deepEqual(decided.lines[0]!.weightChangeIds, ['a'])
})

test('a share of the tickets is sampled, and always the same ones', () => {
  const ids = Array.from({ length: 4000 }, () => newId())
  const share = ids.filter((id) => isSampled(id, 0.05)).length / ids.length
  assert(share > 0.03 && share < 0.07, String(share))
  assert(ids.every((id) => !isSampled(id, 0) && isSampled(id, 1)))
})
