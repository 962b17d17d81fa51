/** The real server as a person starts it, with its own PostgreSQL in a data folder: to be killed, stopped and started again in the same place. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { freePort } from '#server/platform/embedded-postgres/postmaster.ts'
import { until } from '#test/support/devices.ts'

const RUN = join(import.meta.dirname, '..', '..', '..', 'server', 'processes', 'run.sh')
const PASSWORD = 'nine yellow lorries at dawn'
const READY_WITHIN_MS = 90_000

export type StoreProcessOptions = {
  /** Taken as it is and left there; without it an own one that is removed at the end. */
  dataDir?: string
  env?: Record<string, string>
}

export class StoreProcess {
  dataDir: string
  readonly lines: string[] = []
  url = ''
  mqttUrl = ''
  token = ''
  child: ChildProcess | null = null
  /** Settings of the next start, and what else its environment says. */
  readonly env: Record<string, string>
  readonly #isOwn: boolean

  constructor({ dataDir, env = {} }: StoreProcessOptions = {}) {
    this.#isOwn = dataDir === undefined
    this.dataDir = dataDir ?? mkdtempSync(join(tmpdir(), 'niflr-fault-'))
    this.env = env
  }

  /** Starts it, always on the same ports. Resolves once it says that it is ready; to the milliseconds that took. Throws what it said when it ended instead. */
  async start(): Promise<number> {
    const startedMs = performance.now()
    const http = this.url ? Number(new URL(this.url).port) : await freePort(0)
    const mqtt = this.mqttUrl ? Number(new URL(this.mqttUrl).port) : await freePort(0)
    this.url = `http://127.0.0.1:${http}`
    this.mqttUrl = `mqtt://127.0.0.1:${mqtt}`
    const settings = {
      DATA_DIR: this.dataDir,
      PORT: String(http),
      MQTT_PORT: String(mqtt),
      SUPERUSER_PASSWORD: PASSWORD,
      LOG_LEVEL: 'warn'
    }
    const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', ...settings, ...this.env }
    const child = spawn('sh', [RUN, 'store'], { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    this.child = child
    const ready = Promise.withResolvers<void>()
    const hear = (line: string) => {
      this.lines.push(line)
      if (this.lines.length > 2000) this.lines.splice(0, 1000)
      if (line.startsWith('ready in ')) ready.resolve()
    }
    for (const stream of [child.stdout!, child.stderr!]) createInterface({ input: stream }).on('line', hear)
    child.once('exit', (code, signal) =>
      ready.reject(new Error(`the store ended with ${code ?? signal}:\n${this.lines.slice(-40).join('\n')}`))
    )
    const late = setTimeout(
      () => ready.reject(new Error(`not ready in time:\n${this.lines.slice(-40).join('\n')}`)),
      READY_WITHIN_MS
    )
    await ready.promise.finally(() => clearTimeout(late))
    return performance.now() - startedMs
  }

  get isRunning(): boolean {
    return this.child !== null && this.child.exitCode === null && this.child.signalCode === null
  }

  /** kill -9 of its whole process group; PostgreSQL, in a session of its own, lives on. */
  async kill(): Promise<void> {
    if (!this.isRunning) return
    const ended = once(this.child!, 'exit')
    process.kill(-this.child!.pid!, 'SIGKILL')
    await ended
  }

  /** SIGTERM; resolves to its exit code and the milliseconds that took. */
  async terminate(): Promise<{ code: number | null; ms: number }> {
    const startedMs = performance.now()
    const ended = once(this.child!, 'exit') as Promise<[number | null]>
    process.kill(this.child!.pid!, 'SIGTERM')
    const [code] = await ended
    return { code, ms: performance.now() - startedMs }
  }

  /** An admin's call; the sign-in survives the server. Throws any answer that is no success. */
  async call(method: string, path: string, body?: unknown): Promise<any> {
    this.token ||= await signIn(this.url)
    const headers = { authorization: `Bearer ${this.token}`, ...(body !== undefined && { 'content-type': 'application/json' }) }
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) })
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text === '' ? null : JSON.parse(text)
  }

  /** PostgreSQL's main process as its own file says, null where none runs. */
  postmaster(): number | null {
    const file = join(this.dataDir, 'postgres', 'postmaster.pid')
    const pid = existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n', 1)[0]) : 0
    return pid > 1 && existsSync(`/proc/${pid}`) ? pid : null
  }

  /** A connection of PostgreSQL's owner, past the server. */
  async database(): Promise<pg.Client & AsyncDisposable> {
    const port = Number(readFileSync(join(this.dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[3])
    const { owner } = JSON.parse(readFileSync(join(this.dataDir, 'keys', 'postgres.json'), 'utf8')) as { owner: string }
    const client = new pg.Client({
      host: '127.0.0.1',
      port,
      user: 'niflr_owner',
      password: owner,
      database: 'niflr',
      application_name: 'fault-test'
    })
    client.on('error', () => {})
    await client.connect()
    return Object.assign(client, { [Symbol.asyncDispose]: () => client.end().catch(() => {}) })
  }

  /** Ends server and PostgreSQL, however they are. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    const pid = this.postmaster()
    if (pid) {
      for (const signal of ['SIGCONT', 'SIGQUIT'] as const) tell(pid, signal)
      await until(() => !existsSync(`/proc/${pid}`), 'PostgreSQL ends', 10_000).catch(() => tell(pid, 'SIGKILL'))
    }
    if (this.#isOwn) rmSync(this.dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
}

function tell(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {} // it is gone
}

async function signIn(url: string): Promise<string> {
  const headers = { 'content-type': 'application/json', origin: url }
  const login = await fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ username: 'admin', password: PASSWORD })
  })
  const cookie = login.headers.get('set-cookie')?.split(';', 1)[0]
  if (!cookie) throw new Error(`sign-in: ${login.status} ${await login.text()}`)
  const made = await fetch(`${url}/api/v1/api-tokens`, {
    method: 'POST',
    headers: { ...headers, cookie },
    body: '{"name":"fault"}'
  })
  return ((await made.json()) as { token: string }).token
}
