/** A box of its own in tests: the real commands and the real server as processes, over a data folder that is gone afterwards. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Ran = { code: number | null; out: string; err: string }
export const ADMIN = { username: 'admin', password: 'a long way home' }

/** A temporary folder, removed at disposal. */
export function openFolder(prefix = 'niflr-box-') {
  const path = mkdtempSync(join(tmpdir(), prefix))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) }
}

/** What a process of the box is started with; nothing of the tester's own settings. */
export const boxEnv = (dataDir: string, env: Record<string, string> = {}): Record<string, string> => ({
  ...{ PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/' },
  ...{ DATA_DIR: dataDir, PORT: '0', MQTT_PORT: '0', LOG_LEVEL: 'fatal', SUPERUSER_PASSWORD: ADMIN.password, ...env }
})

/** Runs a program to its end. */
export async function run(
  program: string,
  args: string[],
  { env, cwd = '.' }: { env: Record<string, string>; cwd?: string }
): Promise<Ran> {
  const child = spawn(program, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk) => (said.out += chunk))
  child.stderr.on('data', (chunk) => (said.err += chunk))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, ...said }
}

/** `manage ARGS` over a data folder. */
export const manage = (dataDir: string, args: string[], env: Record<string, string> = {}): Promise<Ran> =>
  run(process.execPath, ['manage.ts', ...args], { env: boxEnv(dataDir, env) })

/** The same, which must go well. */
export async function managed(dataDir: string, args: string[], env: Record<string, string> = {}): Promise<string> {
  const { code, out, err } = await manage(dataDir, args, env)
  assert.equal(code, 0, `manage ${args.join(' ')}: ${err}`)
  return out
}

/** The store's server, ready; SIGTERM at disposal. */
export async function startServer(dataDir: string, env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['server/processes/store.ts'], {
    env: boxEnv(dataDir, env),
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const url = await readyUrl(child)
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'close')
    }
  }
}

function readyUrl(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let said = ''
  const hear = (chunk: Buffer) => {
    said += chunk
    const url = /ready in .*: (http:\/\/[^/]+)\//.exec(said)?.[1]
    if (url) resolve(url)
  }
  child.stdout!.on('data', hear)
  child.stderr!.on('data', hear)
  child.once('close', (code) => reject(new Error(`the server ended (${code}): ${said}`)))
  return promise
}

export type Reply = { status: number; headers: Headers; body: any; text: string }

/** Speaks JSON with a server over the wire. */
export const speaker =
  (url: string, credential: Record<string, string> = {}) =>
  async (method: string, path: string, body?: unknown): Promise<Reply> => {
    const answer = await fetch(url + path, {
      method,
      headers: { ...credential, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) })
    })
    const text = await answer.text()
    const isJson = answer.headers.get('content-type')?.includes('json') && text !== ''
    return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : null, text }
  }
