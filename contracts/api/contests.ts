/** Contests: a shopper's complaint about a settled cart, and what came of it. */
import { type Static, Type } from 'typebox'
import { Nullable, Time, Uuid } from './shared.ts'
import { MAX_QUANTITY } from './tickets.ts'

const strict = { additionalProperties: false }
const ContestLine = Type.Object(
  {
    productId: Uuid,
    quantity: Type.Integer({ minimum: 0, maximum: MAX_QUANTITY, description: 'how many he says he took; 0: none' })
  },
  strict
)
export const ContestInput = Type.Object(
  {
    message: Type.String({ minLength: 1, maxLength: 1000, pattern: '\\S', description: 'what the shopper says is wrong' }),
    lines: Type.Optional(
      Type.Array(ContestLine, { maxItems: 200, description: 'the products he disputes; the others are right to him' })
    )
  },
  strict
)
export type ContestInput = Static<typeof ContestInput>

export const Contest = Type.Object({
  id: Uuid,
  visitId: Uuid,
  status: Type.Union([Type.Literal('OPEN'), Type.Literal('UPHELD'), Type.Literal('REFUSED')], {
    description: 'UPHELD: he pays less than before, or for other things; REFUSED: he pays the same for the same, or more'
  }),
  message: Type.String({ description: 'empty once the shopper was forgotten' }),
  lines: Type.Array(ContestLine),
  openedBy: Type.String({ description: 'staff account' }),
  openedAt: Time,
  answer: Nullable(Type.String({ description: 'the notes of those who looked again' })),
  differenceMinor: Nullable(Type.Integer({ description: 'what he pays more than before; negative: what he gets back' })),
  closedAt: Nullable(Time)
})
export type Contest = Static<typeof Contest>
