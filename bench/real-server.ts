/** The real server as a process of its own, for benchmarks: empty data folder, free ports, an admin's token. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const ROOT = join(import.meta.dirname, '..')
export const PASSWORD = 'benchmarks are not for sale'

export type RealServer = {
  url: string
  mqttUrl: string
  process: ChildProcess
  dataDir: string
  call: (method: string, path: string, body?: unknown) => Promise<any>
  [Symbol.asyncDispose](): Promise<void>
}

export const newDataDir = (): string => mkdtempSync(join(tmpdir(), 'niflr-bench-'))

/** Starts it and waits until it is ready. A data folder of its own goes with it; one that is given stays. */
export async function startRealServer(
  env: Record<string, string> = {},
  { dataDir: given, root = ROOT }: { dataDir?: string; root?: string } = {}
): Promise<RealServer> {
  const dataDir = given ?? newDataDir()
  const settings = {
    PATH: '/usr/bin:/bin',
    DATA_DIR: dataDir,
    PORT: '0',
    MQTT_PORT: '0',
    SUPERUSER_PASSWORD: PASSWORD,
    LOG_LEVEL: 'warn',
    ...env
  }
  const child = spawn('sh', [join(root, 'server', 'processes', 'run.sh'), 'store'], {
    env: settings,
    stdio: ['ignore', 'pipe', 'inherit']
  })
  let mqttUrl = ''
  let url = ''
  for await (const line of createInterface({ input: child.stdout! })) {
    mqttUrl = /MQTT: (\S+)/.exec(line)?.[1] ?? mqttUrl
    url = /ready in .*? (http\S+?)\/ /.exec(line)?.[1] ?? ''
    if (url) break
  }
  child.stdout!.resume()
  const login = await fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: PASSWORD })
  })
  const cookie = login.headers.get('set-cookie')!.split(';', 1)[0]!
  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { cookie, origin: url, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) })
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return answer.status === 204 ? null : answer.json()
  }
  const stop = async () => {
    if (child.exitCode === null) {
      child.kill('SIGTERM')
      await new Promise((resolve) => child.once('exit', resolve))
    }
    if (!given) rmSync(dataDir, { recursive: true, force: true })
  }
  return { url, mqttUrl: `mqtt://${mqttUrl}`, process: child, dataDir, call, [Symbol.asyncDispose]: stop }
}

/** Onboards `count` machines; returns their ids and keys. */
export async function onboardMachines(server: RealServer, count: number): Promise<{ machineId: string; deviceKey: string }[]> {
  const machines = []
  for (let n = 0; n < count; n++)
    machines.push(
      await server.call('POST', '/api/v1/machines', { machineId: `M${n}`, displayName: `Machine ${n}`, kind: 'shelf' })
    )
  return machines
}
