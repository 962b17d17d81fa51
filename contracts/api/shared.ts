/** What every resource of the API shares: ids, times, paging, problems (RFC 9457). */
import { type Static, type TSchema, Type } from 'typebox'

export const Uuid = Type.String({ format: 'uuid', description: 'UUIDv7' })
export const Time = Type.String({ format: 'date-time', description: 'RFC 3339, UTC, milliseconds' })
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
/** `machineId` and `scaleId` of the device wires. */
export const DeviceId = Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' })
export const Version = Type.Integer({
  minimum: 1,
  description: 'grows with each change; send it back to be told (409) when somebody was faster'
})

export const PageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
  cursor: Type.Optional(Type.String({ maxLength: 200 }))
}
/** Of lists that grow as long as the store lives: a span of time, both ends of which belong to it, and which end of the list comes first. */
export const SpanQuery = {
  ...PageQuery,
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  order: Type.Optional(
    Type.Union([Type.Literal('desc'), Type.Literal('asc')], { description: 'desc, the default: newest first; asc: oldest first' })
  )
}
export const Page = <T extends TSchema>(item: T) => Type.Object({ items: Type.Array(item), nextCursor: Nullable(Type.String()) })

export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'stable, for programs' }),
    detail: Type.String({ description: 'for people: what is wrong and the way out' }),
    field: Type.Optional(Type.String({ description: 'the field that is wrong, as a path' })),
    requestId: Type.Optional(Type.String())
  },
  { additionalProperties: true, description: 'application/problem+json (RFC 9457)' }
)
export type Problem = Static<typeof Problem>
