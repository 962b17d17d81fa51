/** The live stream: the event log as server-sent events. */
import { type Static, Type } from 'typebox'

/** `id` of each message resumes the stream; `event` is the event's name; `data` its payload with the time `at`. `reset` means: load anew. */
export const LiveQuery = Type.Object({
  lastEventId: Type.Optional(Type.String({ maxLength: 64, description: 'as the header Last-Event-ID, which wins' })),
  names: Type.Optional(
    Type.String({ maxLength: 2000, pattern: '^[a-z.,-]*$', description: 'only these events, parted by commas' })
  )
})
export type LiveQuery = Static<typeof LiveQuery>
