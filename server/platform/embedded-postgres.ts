/** The PostgreSQL inside this package: started on a data folder or adopted there, kept alive, stopped when nobody uses it any more. */
import { mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { APP, clusterUrl, connect, OWNER, prepareDatabase } from './embedded-postgres/cluster.ts'
import { bringUp, type Home, openHome, serving } from './embedded-postgres/home.ts'
import { boundLog, end, findPostmaster, isAlive, type Postmaster, until } from './embedded-postgres/postmaster.ts'
import { startLockOf, withStartLock } from './embedded-postgres/start-lock.ts'

export type EmbeddedPostgresOptions = {
  /** DATA_DIR: the cluster is its postgres/, the log its logs/postgres.log, the passwords its keys/postgres.json */
  dataDir: string
  log?: (message: string) => void
  /** PostgreSQL settings over ours */
  settings?: Record<string, string>
  /** default `niflr` */
  database?: string
  /** when PostgreSQL dies without our having stopped it: start it again, on the same port */
  keepAlive?: boolean
  /** connections whose application_name begins so are ours: they do not keep stop() from stopping */
  ownName?: string
}

export type EmbeddedPostgres = {
  /** owner of everything: migrations, backups */
  readonly ownerUrl: string
  /** role niflr_app: no superuser, no database, no role, no table of its own making */
  readonly appUrl: string
  /** it ran already: another process started it, or an earlier one left it behind */
  readonly adopted: boolean
  readonly pid: number
  /** Fast shutdown, by force after `timeoutMs` (5000), unless another niflr process is connected: then it is left running. */
  stop(options?: { timeoutMs?: number }): Promise<{ left: boolean }>
  /** Tells why PostgreSQL went away by itself; with keepAlive it is being started again already. */
  onExit(listener: (why: string) => void): void
}

/** Starts PostgreSQL on `dataDir`, making cluster, database and roles where they are missing, or adopts the one that runs there already. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log = () => {}, settings = {}, database = 'niflr' } = options
  await mkdir(join(options.dataDir, 'logs'), { recursive: true })
  const dataDir = await realpath(options.dataDir)
  const lock = await startLockOf(dataDir)
  return withStartLock(lock, log, async () => {
    const home = await openHome(dataDir, { lock, settings, log })
    const { running, adopted } = await bringUp(home)
    await serving(running, () => prepareDatabase(running.port, home.passwords, database))
    return new SupervisedPostgres(home, { ...options, database }, { running, adopted }).start()
  })
}

// Fast, then immediate shutdown; the last is for a postmaster that is frozen
const signals = (timeoutMs: number): [NodeJS.Signals, number][] => [['SIGINT', timeoutMs], ['SIGQUIT', 3000], ['SIGKILL', 2000]] // biome-ignore format: a list

/**
 * A postmaster's life with us: running → away, when it dies by itself → running again on the same port (keepAlive) or away for good.
 * stop() ends it from any state. Whether we launched or adopted it makes no difference: it is watched and stopped by its number.
 */
class SupervisedPostgres implements EmbeddedPostgres {
  readonly adopted: boolean
  readonly ownerUrl: string
  readonly appUrl: string
  private readonly home: Home
  private readonly options: EmbeddedPostgresOptions
  private readonly listeners: ((why: string) => void)[] = []
  private timer: NodeJS.Timeout | undefined
  private running: Postmaster
  private isAway = false
  private watching: Promise<void> | null = null
  private stopping: Promise<{ left: boolean }> | null = null

  constructor(
    home: Home,
    options: EmbeddedPostgresOptions & { database: string },
    { running, adopted }: { running: Postmaster; adopted: boolean }
  ) {
    const { owner, app } = home.passwords
    this.home = home
    this.options = options
    this.running = running
    this.adopted = adopted
    this.ownerUrl = clusterUrl({ name: OWNER, password: owner }, running.port, options.database)
    this.appUrl = clusterUrl({ name: APP, password: app }, running.port, options.database)
  }

  start(): this {
    const check = () => {
      this.watching ??= this.watch().finally(() => {
        this.watching = null
      })
    }
    this.timer = setInterval(check, 250).unref() // an adopted process is no child of ours: nothing tells us of its end
    return this
  }

  get pid(): number {
    return this.running.pid
  }

  onExit(listener: (why: string) => void): void {
    this.listeners.push(listener)
  }

  stop({ timeoutMs = 5000 } = {}): Promise<{ left: boolean }> {
    this.stopping ??= this.shutDown(timeoutMs)
    return this.stopping
  }

  private async watch(): Promise<void> {
    if (await isAlive(this.running)) return boundLog(this.home.launch.logFile)
    if (this.stopping) return
    this.isAway = true
    const why = `PostgreSQL (process ${this.running.pid}) ended by itself`
    for (const listener of this.listeners) listener(why)
    if (!this.options.keepAlive) return clearInterval(this.timer)
    this.home.log(`${why}: starting it again`)
    for (let pauseMs = 100; !this.stopping; pauseMs = Math.min(pauseMs * 2, 2000)) if (await this.revive(pauseMs)) return
  }

  private async revive(pauseMs: number): Promise<boolean> {
    const { lock, log } = this.home
    try {
      const { running } = await withStartLock(lock, log, () => bringUp(this.home, this.running.port))
      if (running.port !== this.running.port)
        throw new Error(`another process runs PostgreSQL on port ${running.port}, not ${this.running.port}`)
      this.running = running
      this.isAway = false
      log(`PostgreSQL is back (process ${running.pid})`)
      return true
    } catch (error) {
      if (this.stopping) return false // stop() ended it
      log(`PostgreSQL is not back yet: ${(error as Error).message}`)
      await delay(pauseMs)
      return false
    }
  }

  private async shutDown(timeoutMs: number): Promise<{ left: boolean }> {
    clearInterval(this.timer)
    const reviving = this.isAway && (await findPostmaster(this.home.folder)) // its recovery could outlast our caller's patience
    if (reviving) await end(reviving, signals(timeoutMs))
    await this.watching
    return withStartLock(this.home.lock, this.home.log, async () => {
      if (await this.isUsedByOthers()) return { left: true }
      if (await end(this.running, signals(timeoutMs))) return { left: false }
      throw new Error(`PostgreSQL (process ${this.pid}) does not end`)
    })
  }

  /** A connection closed just now is still listed for a moment, so it is looked at for half a second before it counts. */
  private async isUsedByOthers(): Promise<boolean> {
    try {
      await using client = await connect(this.ownerUrl)
      const others = async () => (await client.query(OTHERS, [this.options.ownName ?? null])).rowCount
      return !(await until(async () => (await others()) === 0, 500))
    } catch {
      return false // nobody can use one that takes no connection
    }
  }
}

const OTHERS = `SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'niflr%' AND application_name <> 'niflr-launcher'
  AND pid <> pg_backend_pid() AND ($1::text IS NULL OR NOT starts_with(application_name, $1))`
