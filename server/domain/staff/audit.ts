/** The audit chain: each entry's hash covers the one before it, so that a changed or removed row breaks every later one. */
import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { Actor, Db, Tx } from '#server/context.ts'

export type AuditFacts = { action: string; resource: string; resourceId: string; before?: unknown; after?: unknown }
type Entry = {
  at: Date
  actorKind: string
  actorId: string
  actorName: string
  action: string
  resource: string
  resourceId: string
  before: unknown
  after: unknown
  requestId: string | null
}

const CHAIN_LOCK = 7_316_001 // one writer of the chain at a time, until its transaction ends

/**
 * Appends one entry in the caller's transaction. The chain's lock is held from here to the commit: call it last.
 * `before` and `after` are plain JSON and never hold a secret.
 */
export async function audit(tx: Tx, actor: Actor, { action, resource, resourceId, before, after }: AuditFacts): Promise<void> {
  const who = { actorKind: actor.kind, actorId: actor.id, actorName: actor.name, requestId: actor.requestId ?? null }
  const entry: Entry = { at: tx.now, ...who, action, resource, resourceId, before: plain(before), after: plain(after) }
  await sql`SELECT pg_advisory_xact_lock(${CHAIN_LOCK})`.execute(tx.db)
  const last = await tx.db.selectFrom('auditEntry').select('hash').orderBy('id', 'desc').limit(1).executeTakeFirst()
  const previousHash = last?.hash ?? null
  const values = {
    ...entry,
    before: json(entry.before),
    after: json(entry.after),
    previousHash,
    hash: hashOf(previousHash, entry)
  }
  await tx.db.insertInto('auditEntry').values(values).execute()
}

/** Walks the whole chain from its first entry. `brokenAt` is the id of the first entry that does not fit, null when all do. */
export async function verifyChain(db: Db): Promise<{ ok: boolean; entries: number; brokenAt: number | null }> {
  let entries = 0
  let lastId = 0
  let previous: Buffer | null = null
  for (;;) {
    const rows = await db.selectFrom('auditEntry').selectAll().where('id', '>', lastId).orderBy('id').limit(1000).execute()
    if (rows.length === 0) return { ok: true, entries, brokenAt: null }
    for (const { id, previousHash, hash, ...entry } of rows) {
      const fits = sameBytes(previousHash, previous) && sameBytes(hash, hashOf(previous, entry))
      if (!fits) return { ok: false, entries, brokenAt: id }
      previous = hash
      lastId = id
      entries++
    }
  }
}

const plain = (value: unknown) => (value === undefined || value === null ? null : JSON.parse(JSON.stringify(value)))
const json = (value: unknown) => (value === null ? null : JSON.stringify(value))
const sameBytes = (a: Buffer | null, b: Buffer | null) => (a && b ? a.equals(b) : a === b)

function hashOf(previous: Buffer | null, entry: Entry): Buffer {
  const { at, actorKind, actorId, actorName, action, resource, resourceId, before, after, requestId } = entry
  const facts = { at: at.toISOString(), actorKind, actorId, actorName, action, resource, resourceId, before, after, requestId }
  const hash = createHash('sha256')
  if (previous) hash.update(previous)
  return hash.update(canonicalJson(facts)).digest()
}

/** JSON with sorted keys: jsonb does not keep the order in which an object was written. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return `{${members
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`)
    .join(',')}}`
}
