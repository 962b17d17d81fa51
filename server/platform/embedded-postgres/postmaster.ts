/** PostgreSQL's main process: finding the one of a folder, launching it, waiting until it serves, ending it. */
import { spawn } from 'node:child_process'
import { copyFile, open, readFile, rm, stat, truncate } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { hasRoom } from '#server/platform/log-file.ts'
import { complaint, type SystemUser, spawnAs } from './system-user.ts'

/** A process that cannot be mistaken for a later one with the same number. */
export type Postmaster = { pid: number; bornAt: string; port: number }
type PidFile = { pid: number; port: number; status: string }

const MAX_LOG_BYTES = 10 * 1024 * 1024
export const RECOVERY_MS = 60_000

/** What the postmaster writes about itself (storage/pidfile.h): its number, its port, and starting, ready or stopping. */
async function readPidFile(folder: string): Promise<PidFile | null> {
  const lines = (await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
  const [pid, port, status = ''] = [Number(lines[0]), Number(lines[3]), lines[7]?.trim()]
  return pid > 1 ? { pid, port, status } : null
}

/** The birth of a living PostgreSQL process in clock ticks, else null. A dead one whom nobody has buried yet is dead. */
async function birthOf(pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const [name, fields] = [
    text.slice(text.indexOf('(') + 1, text.lastIndexOf(')')),
    text.slice(text.lastIndexOf(')') + 2).split(' ')
  ]
  const [state, bornAt] = [fields[0], fields[19]] // fields 3 and 22 of proc_pid_stat(5)
  return name === 'postgres' && bornAt && state !== 'Z' && state !== 'X' ? bornAt : null
}

export const isAlive = async ({ pid, bornAt }: Postmaster) => (await birthOf(pid)) === bornAt

/** Does this process work in `folder`? A container's root may not look (no CAP_SYS_PTRACE): then its user must be the folder's. */
async function worksIn(pid: number, folder: string): Promise<boolean> {
  const home = await stat(folder)
  try {
    const cwd = await stat(`/proc/${pid}/cwd`)
    return cwd.dev === home.dev && cwd.ino === home.ino
  } catch (error) {
    const isHidden = (error as NodeJS.ErrnoException).code === 'EACCES'
    return isHidden && (await stat(`/proc/${pid}`).catch(() => null))?.uid === home.uid
  }
}

/** The postmaster that runs on `folder`, whoever started it. */
export async function findPostmaster(folder: string): Promise<(Postmaster & { status: string }) | null> {
  const file = await readPidFile(folder)
  const bornAt = file && (await birthOf(file.pid))
  return bornAt && (await worksIn(file.pid, folder)) ? { ...file, bornAt } : null
}

// Run as PostgreSQL's user, since in a container root itself may not look into other users' processes.
const END_STRAYS = `found=0
for process in /proc/[0-9]*; do
  if [ "$process/cwd" -ef . ] && [ "$(cat "$process/comm")" = postgres ]; then found=1; kill -9 "\${process#/proc/}"; fi
done 2>/dev/null
exit $found`

/** With no postmaster alive, removes what a killed one left: until its last backend is gone, PostgreSQL refuses to start again. */
export async function clearRemains(folder: string, user: SystemUser | null): Promise<void> {
  const file = await readPidFile(folder)
  if (!file) return // it went in order
  await until(async () => (await complaint(user, folder, ['/bin/sh', '-c', END_STRAYS])) === null, 5000)
  const isReused = await stat(`/proc/${file.pid}`).then(Boolean, () => false)
  if (isReused) await rm(join(folder, 'postmaster.pid'), { force: true }) // another program got the number; PostgreSQL would take it for itself
}

/** Sends each signal in turn until the process is gone; resolves to whether it is. */
export async function end(postmaster: Postmaster, signals: [signal: NodeJS.Signals, patienceMs: number][]): Promise<boolean> {
  for (const [signal, patienceMs] of signals) {
    if (!(await isAlive(postmaster))) return true
    try {
      process.kill(postmaster.pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
    if (await until(async () => !(await isAlive(postmaster)), patienceMs)) return true
  }
  return false
}

/** Asks `holds` again and again, ever more slowly, until it says yes or the time is over. */
export async function until(holds: () => Promise<boolean>, patienceMs: number): Promise<boolean> {
  const deadline = performance.now() + patienceMs
  for (let pauseMs = 4; ; pauseMs = Math.min(pauseMs * 1.3, 100)) {
    if (await holds()) return true
    if (performance.now() > deadline) return false
    await delay(pauseMs)
  }
}

export type Launch = {
  program: string
  folder: string
  logFile: string
  user: SystemUser | null
  settings: Record<string, string>
  log: (message: string) => void
}

/**
 * Starts PostgreSQL on `port` in a session of its own, tied to us by nothing: it survives kill -9 of our whole process group.
 * Resolves when it serves; throws what it said when it ended instead (the port was taken, a setting is wrong, the disk is full).
 */
export async function launch({ program, folder, logFile, user, settings, log }: Launch, port: number): Promise<Postmaster> {
  await boundLog(logFile)
  await using output = await open(logFile, 'a', 0o600)
  const { size } = await output.stat()
  const args = Object.entries({ ...settings, port: String(port) }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const stdio: ['ignore', number, number] = ['ignore', output.fd, output.fd]
  const child = spawn(program, ['-D', '/proc/self/cwd', ...args], { ...spawnAs(user, folder), detached: true, stdio })
  let ended: string | null = null
  child.once('exit', () => {
    ended = `see ${logFile}`
  })
  child.once('error', (error) => {
    ended = error.message
  })
  child.unref()
  let found: Postmaster | null = null
  const isDecided = async () => {
    found = await findPostmaster(folder)
    return ended !== null || (found?.pid === child.pid && found?.port === port)
  }
  await until(isDecided, 20_000)
  if (ended === null && found && (await untilReady(folder, found, log))) return found
  const said = (await readFile(logFile)).subarray(size).toString().split('\n')
  const why = said.filter((line) => /\b(FATAL|PANIC|HINT):/.test(line) && !line.includes('[unknown]')) // an unknown client that came too early
  throw new Error(`PostgreSQL did not start: ${[...why, ended ?? 'no sign of it for 20 s'].join('; ')}`)
}

/** Waits while it starts, recovers or stops; resolves to true when it is ready, to false when it is gone. */
export async function untilReady(folder: string, postmaster: Postmaster, log: (message: string) => void): Promise<boolean> {
  const startedAt = performance.now()
  let spokeAt = startedAt
  let isHere = true
  const isDecided = async () => {
    const { status = '' } = (await findPostmaster(folder)) ?? {}
    isHere = await isAlive(postmaster)
    const now = performance.now()
    if (now - spokeAt > 3000) {
      log(`PostgreSQL is ${status || 'starting'}, for ${Math.round((now - startedAt) / 1000)} s now`)
      spokeAt = now
    }
    return !isHere || status === 'ready'
  }
  if (await until(isDecided, RECOVERY_MS)) return isHere
  throw new Error(`PostgreSQL is not ready after ${RECOVERY_MS / 1000} s; it goes on recovering, so start again later`)
}

/** Keeps the log below its bound: copied aside and emptied in place, since a PostgreSQL that runs goes on appending to it. */
export async function boundLog(logFile: string): Promise<void> {
  const { size } = await stat(logFile).catch(() => ({ size: 0 }))
  if (size <= MAX_LOG_BYTES) return
  if (hasRoom(dirname(logFile))) await copyFile(logFile, `${logFile}.1`).catch(() => {}) // the bound matters more than the old lines
  await truncate(logFile)
}

/** A port nobody listens on, the wished one if it is free. Below 32768: there no outgoing connection can take it while we restart. */
export async function freePort(wished: number): Promise<number> {
  for (let port = wished; ; port = 16_000 + Math.floor(Math.random() * 16_000)) {
    if (port && (await isFree(port))) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** The port of the last run, so that processes which still hold its address find it again; 0 if there was none. */
export async function lastPort(folder: string): Promise<number> {
  const options = await readFile(join(folder, 'postmaster.opts'), 'utf8').catch(() => '')
  return Number(/"port=(\d+)"/.exec(options)?.[1] ?? 0)
}
