/** One at a time starts or stops the PostgreSQL of a folder: a lock the kernel itself gives back when its holder dies. */
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const PATIENCE_MS = 120_000

/** The name of a folder's lock: an abstract Unix socket called after its inode. No file that could be stale, nothing to take over. */
export async function startLockOf(folder: string): Promise<string> {
  const { dev, ino } = await stat(folder)
  return `\0niflr-postgres-${dev}-${ino}`
}

/** Runs `work` while nobody else on this machine holds the lock. */
export async function withStartLock<T>(lock: string, log: (message: string) => void, work: () => Promise<T>): Promise<T> {
  const server = await listenOn(lock, () => log('waiting for another process that starts or stops PostgreSQL here'))
  if (!server) throw new Error(`another process has been starting or stopping PostgreSQL here for ${PATIENCE_MS / 1000} s`)
  try {
    return await work()
  } finally {
    server.close()
  }
}

async function listenOn(path: string, isWaiting: () => void): Promise<Server | null> {
  const startedAt = performance.now()
  for (let attempt = 0; performance.now() - startedAt < PATIENCE_MS; attempt++) {
    const server = createServer((socket) => socket.destroy())
    try {
      await once(server.listen(path), 'listening')
      return server
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
    if (attempt === 80) isWaiting()
    await delay(25)
  }
  return null
}
