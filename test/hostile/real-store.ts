/** The real server as a process of its own, over a database of the test run: for what needs sockets, and neighbours that are measured from outside. */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { openTestDatabase } from '#test/support/database.ts'
import type { Known } from '#test/support/devices.ts'
import type { Report } from './good-device.ts'

/** As it runs in a store: with the flags that keep its memory small. */
const RUN = join(import.meta.dirname, '..', '..', 'server', 'processes', 'run.sh')
const PASSWORD = 'nine yellow lorries at dawn'

export type RealOptions = {
  env?: Record<string, string>
  /** Command and arguments to run the server under, such as unshare. */
  under?: string[]
}

/** Starts it and waits until it is ready; `call` is an admin's, `lines` all that it printed. */
export async function openRealStore({ env = {}, under = [] }: RealOptions = {}) {
  await using stack = new AsyncDisposableStack()
  const database = stack.use(await openTestDatabase())
  const dataDir = mkdtempSync(join(tmpdir(), 'niflr-real-'))
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }))
  const settings = { DATA_DIR: dataDir, DATABASE_URL: database.ownerUrl, PORT: '0', MQTT_PORT: '0', SUPERUSER_PASSWORD: PASSWORD }
  const [command = '', ...args] = [...under, 'sh', RUN, 'store']
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, LOG_LEVEL: 'warn', ...settings, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  stack.defer(() => stop(child))
  const lines: string[] = []
  const { url, mqttUrl } = await ready(child, lines)
  const pool = new pg.Pool({ connectionString: database.ownerUrl, max: 2 })
  pool.on('error', () => {})
  stack.defer(() => pool.end())
  const { token, call } = await signIn(url)
  const resources = stack.move()
  return {
    ...{ url, mqttUrl, child, dataDir, lines, pool, token, call, password: PASSWORD },
    isAlive: () => child.exitCode === null && child.signalCode === null,
    /** Resident memory in MiB. */
    residentMiB: () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]) / 1024,
    openFiles: () => Number(/^FDSize:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]),
    [Symbol.asyncDispose]: () => resources.disposeAsync()
  }
}
export type RealStore = Awaited<ReturnType<typeof openRealStore>>

async function ready(child: ChildProcess, lines: string[]): Promise<{ url: string; mqttUrl: string }> {
  const told = Promise.withResolvers<{ url: string; mqttUrl: string }>()
  let mqttUrl = ''
  const hear = (line: string) => {
    lines.push(line)
    mqttUrl ||= `mqtt://${/devices over MQTT: (\S+)/.exec(line)?.[1] ?? ''}`.replace(/^mqtt:\/\/$/, '')
    const url = /ready in .*? (http\S+?)\/ /.exec(line)?.[1]
    if (url) told.resolve({ url, mqttUrl })
  }
  for (const stream of [child.stdout!, child.stderr!]) createInterface({ input: stream }).on('line', hear)
  child.once('exit', (code) => told.reject(new Error(`the store ended with ${code}:\n${lines.join('\n')}`)))
  return told.promise
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

/** Signs the admin in and makes an API token. */
async function signIn(url: string) {
  const headers = { 'content-type': 'application/json', origin: url }
  const login = await fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ username: 'admin', password: PASSWORD })
  })
  const cookie = login.headers.get('set-cookie')!.split(';', 1)[0]!
  const made = await fetch(`${url}/api/v1/api-tokens`, {
    method: 'POST',
    headers: { ...headers, cookie },
    body: '{"name":"test"}'
  })
  const { token } = (await made.json()) as { token: string }
  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) })
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    const text = await answer.text()
    return text === '' ? null : JSON.parse(text)
  }
  return { token, call }
}

/** Onboards a machine. */
export async function addMachine(store: RealStore, machineId: string): Promise<Known> {
  const { deviceKey } = await store.call('POST', '/api/v1/machines', { machineId, displayName: machineId, kind: 'shelf' })
  return { machineId, deviceKey }
}

/** A good neighbour in a process of its own; `report` tells how it fared since the last time, in ms. */
export async function openGoodDevice(store: RealStore, known: Known) {
  const order = { url: store.url, mqttUrl: store.mqttUrl, storeId: (await store.call('GET', '/api/v1/store')).storeId, ...known }
  const child = fork(join(import.meta.dirname, 'good-device.ts'), [JSON.stringify(order)])
  await once(child, 'message')
  return {
    async report(): Promise<Report> {
      child.send('report')
      const [report] = (await once(child, 'message')) as [Report]
      return report
    },
    async [Symbol.asyncDispose]() {
      child.kill()
      await once(child, 'exit')
    }
  }
}
