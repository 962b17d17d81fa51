/** A data folder made ready, and the PostgreSQL on it brought up: adopted where one runs, started where none does. */
import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { findBinaries } from './binaries.ts'
import * as cluster from './cluster.ts'
import * as postmaster from './postmaster.ts'
import { giveTo, postgresUser } from './system-user.ts'

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  cluster_name: 'niflr',
  max_connections: '40',
  synchronous_commit: 'on', // what was acknowledged survives a power cut (evidence.md)
  wal_compression: 'on',
  shared_buffers: '96MB',
  effective_cache_size: '512MB',
  work_mem: '8MB',
  maintenance_work_mem: '64MB',
  max_wal_size: '512MB', // bounds the disk it takes and the recovery after a crash
  random_page_cost: '1.1', // flash
  jit: 'off',
  max_parallel_workers_per_gather: '0', // the box has other work; also spares a container's small /dev/shm
  max_parallel_maintenance_workers: '0',
  autovacuum_max_workers: '2',
  log_checkpoints: 'off',
  log_line_prefix: '%m [%p] %a ',
  log_timezone: 'UTC',
  timezone: 'UTC'
}

/** Everything known about a data folder once its cluster exists. */
export type Home = {
  lock: string
  folder: string
  passwords: cluster.Passwords
  launch: postmaster.Launch
  log: (message: string) => void
}

type Opening = { lock: string; settings: Record<string, string>; log: (message: string) => void }

/** Makes the folder ready for a start: its user, programs, passwords and cluster. Called under the lock, as all here. */
export async function openHome(dataDir: string, { lock, settings, log }: Opening): Promise<Home> {
  const path = join(dataDir, 'postgres')
  const folder = await realpath(path).catch(() => path)
  const user = await postgresUser(folder)
  const binaries = await findBinaries(user, log)
  const isNew = !(await cluster.isCluster(folder, binaries))
  const passwords = await cluster.readPasswords(join(dataDir, 'keys/postgres.json'), isNew)
  if (isNew) {
    log(`creating the database in ${folder}${user ? ` (PostgreSQL runs as ${user.name}, not as root)` : ''}`)
    await cluster.createCluster(folder, binaries, { user, password: passwords.owner })
  }
  await giveTo(user, folder)
  const logFile = join(dataDir, 'logs/postgres.log')
  return {
    lock,
    folder,
    passwords,
    log,
    launch: { program: binaries.postgres, folder, logFile, user, settings: { ...SETTINGS, ...settings }, log }
  }
}

/** Adopts the running PostgreSQL, or starts one: on `samePort` if given, else on the last port or any free one. */
export async function bringUp(
  { folder, launch, log }: Home,
  samePort?: number
): Promise<{ running: postmaster.Postmaster; adopted: boolean }> {
  const found = await postmaster.findPostmaster(folder)
  if (found) {
    log(`PostgreSQL runs here already (process ${found.pid})`)
    if (await postmaster.untilReady(folder, found, log)) return { running: found, adopted: true }
  }
  await postmaster.clearRemains(folder, launch.user)
  for (let attempt = 1; ; attempt++) {
    const port = samePort ?? (await postmaster.freePort(attempt === 1 ? await postmaster.lastPort(folder) : 0))
    try {
      return { running: await postmaster.launch(launch, port), adopted: false }
    } catch (error) {
      const isTaken = /could not (bind|create any TCP)/.test(String(error)) // somebody took the port since we looked
      if (samePort || !isTaken || attempt === 5) throw error
    }
  }
}

/** Does `work` with a PostgreSQL that may be busy for a moment recovering from the loss of one of its own processes. */
export async function serving(running: postmaster.Postmaster, work: () => Promise<void>): Promise<void> {
  let failure: unknown
  const hasWorked = async () => {
    try {
      await work()
      return true
    } catch (error) {
      failure = error
      const code = String((error as { code?: unknown }).code)
      if (code === '28P01')
        throw new Error('the PostgreSQL that runs on this data folder refuses the password in keys/postgres.json', {
          cause: error
        })
      if (!/^(57P0[1-5]|ECONN)/.test(code) || !(await postmaster.isAlive(running))) throw error
      return false
    }
  }
  if (!(await postmaster.until(hasWorked, postmaster.RECOVERY_MS))) throw failure
}
