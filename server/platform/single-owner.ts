/** One process works on a database at a time: a lock that PostgreSQL gives back by itself when its holder dies. */
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

const LOCK = 7_316_000
const RETRY_MS = 250

/**
 * Takes the lock, waiting up to `waitMs` for a holder that is just dying. When PostgreSQL restarts the lock is taken anew; `onLost` is
 * called if somebody else was faster. Returns the way to give it back. Throws when another process holds it.
 */
export async function becomeSingleOwner(
  url: string,
  { waitMs = 5000, name, onLost }: { waitMs?: number; name: string; onLost: () => void }
): Promise<() => Promise<void>> {
  let isReleased = false
  let client = await take(url, { deadline: performance.now() + waitMs, name })
  if (!client) throw new Error('another server works on this database; stop it first, or give this one a DATA_DIR of its own')
  const watch = (held: pg.Client) => held.once('end', () => void retake())
  const retake = async () => {
    while (!isReleased) {
      client = await take(url, { deadline: performance.now() + 30_000, name }).catch(() => null)
      if (client) return void watch(client)
      if (!isReleased && (await isTaken(url, name))) return onLost()
      await sleep(RETRY_MS)
    }
  }
  watch(client)
  return async () => {
    isReleased = true
    await client?.end().catch(() => {})
  }
}

async function take(url: string, { deadline, name }: { deadline: number; name: string }): Promise<pg.Client | null> {
  do {
    const client = new pg.Client({ connectionString: url, application_name: name, keepAlive: true })
    client.on('error', () => {})
    try {
      await client.connect()
      const { rows } = await client.query('SELECT pg_try_advisory_lock($1) AS ok', [LOCK])
      if (rows[0].ok) return client
    } catch (error) {
      await client.end().catch(() => {})
      throw error
    }
    await client.end()
    await sleep(RETRY_MS)
  } while (performance.now() < deadline)
  return null
}

async function isTaken(url: string, name: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, application_name: name })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND granted`, [LOCK])
    return rows.length > 0
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}
