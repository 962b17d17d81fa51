/**
 * The documentation runs: every block marked `<!-- run -->` in the guides goes to one bash, in order, against a real server process, and
 * what follows under `<!-- prints -->` is what it must say (`…` stands for anything). A block for a `second terminal` runs beside it.
 */
import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

const ROOT = join(import.meta.dirname, '..', '..')
const STAFF = { STAFF_USER: 'admin', STAFF_PASSWORD: 'seven kettles on a hill' }
const STEP_MS = 20_000
const isInstalled = (command: string) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0
const hasMosquitto = isInstalled('mosquitto_pub') && isInstalled('mosquitto_sub')

type Step = { kind: 'run' | 'beside' | 'prints' | 'beside-prints'; text: string; line: number }
const KINDS: Record<string, Step['kind']> = {
  run: 'run',
  'run: second terminal': 'beside',
  prints: 'prints',
  'prints: second terminal': 'beside-prints'
}

for (const guide of ['devices.md', 'integrate.md'])
  test(`what docs/${guide} tells the reader to type does what it says`, async () => {
    const steps = stepsOf(join(ROOT, 'docs', guide))
    assert(steps.length > 10, `${guide} has blocks to run`)
    await using stack = new AsyncDisposableStack()
    const folder = mkdtempSync(join(tmpdir(), 'niflr-docs-'))
    stack.defer(() => rmSync(folder, { recursive: true, force: true }))
    const server = stack.use(await startServer(join(folder, 'data')))
    const terminal = stack.use(new Terminal(folder, { ...server.settings, ...STAFF }))
    for (const step of steps) await take(step, terminal, `docs/${guide}:${step.line}`)
  })

test('the MQTT examples run with mosquitto’s own commands', (t) => {
  if (!hasMosquitto) t.skip('mosquitto-clients is not installed: a stand-in ran the MQTT examples of docs/devices.md instead')
})

const page = (...path: string[]) => readFileSync(join(ROOT, ...path), 'utf8')
const PAGES = ['README.md', 'ARCHITECTURE.md', ...globSync('docs/**/*.md', { cwd: ROOT })]

test('the README names every setting and every command', () => {
  const settings = new Set(page('server', 'config.ts').match(/(?<=')[A-Z][A-Z_]{3,}(?=')/g))
  const commands = page('manage.ts').match(/(?<=usage: ')[a-z-]+/g) ?? []
  assert(settings.size > 20 && commands.length > 5)
  for (const name of settings) assert(page('README.md').includes(`\`${name}\``), `README.md has no setting ${name}`)
  for (const name of commands) assert.match(page('README.md'), new RegExp(`[\` ]${name}\\b`), `README.md has no command ${name}`)
})

test('links between the pages lead somewhere', () => {
  for (const from of PAGES)
    for (const [, target] of page(from).matchAll(/\]\((?!https?:)([^)#]*)[^)]*\)/g))
      assert(target === '' || existsSync(join(ROOT, dirname(from), target!)), `${from} links to ${target}`)
})

test('ARCHITECTURE.md is short, and the files it names are there', () => {
  const text = page('ARCHITECTURE.md')
  assert(text.trimEnd().split('\n').length <= 120)
  const known = globSync('{contracts,server,simulator,test}/**/*.ts', { cwd: ROOT })
  for (const [, name] of text.matchAll(/`([a-z/.-]+\.ts)`/g))
    if (!/(^|\/)(x|verb-noun)\.ts$/.test(name!))
      assert(known.some((file) => `/${file}`.endsWith(`/${name}`)) || existsSync(join(ROOT, name!)), name)
})

async function take({ kind, text }: Step, terminal: Terminal, where: string): Promise<void> {
  if (kind === 'run') await terminal.run(text, where)
  else if (kind === 'beside') await terminal.runBeside(text, where)
  else if (kind === 'beside-prints') await terminal.heardBeside(pattern(text), where)
  else assert.match(terminal.said.trim(), new RegExp(`^${pattern(text).source}$`), `${where} prints something else`)
}

/** Text as the page has it, `…` standing for anything. */
function pattern(text: string): RegExp {
  const literal = (part: string) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(text.trim().split('…').map(literal).join('[\\s\\S]*?'))
}

/** The marked blocks of a page, in order. A mark without a block right below it is a mistake in the page. */
function stepsOf(path: string): Step[] {
  const text = readFileSync(path, 'utf8')
  return [...text.matchAll(/^<!-- ((?:run|prints)[^>]*?) -->\n(?:```\w+\n([\s\S]*?)^```$)?/gm)].map((match) => {
    const line = text.slice(0, match.index).split('\n').length
    const kind = KINDS[match[1]!]
    assert(kind && match[2] !== undefined, `${path}:${line}: "${match[1]}" is no mark, or has no block below it`)
    return { kind, text: match[2], line }
  })
}

/** The reader's terminal: one bash for all blocks of a page, so that what one sets the next has. */
class Terminal {
  /** What the last block printed. */
  said = ''
  readonly #folder: string
  readonly #bash: ChildProcessWithoutNullStreams
  #output = ''
  #besides = 0

  constructor(folder: string, settings: Record<string, string>) {
    this.#folder = folder
    const tools = hasMosquitto ? [] : [standIns(folder)]
    const path = [...tools, join(ROOT, 'node_modules', '.bin'), process.env.PATH].join(delimiter)
    // Output line by line, also from programs that would keep it back when nobody watches (stdbuf is in coreutils).
    const environment = { PATH: path, HOME: folder, LC_ALL: 'C.UTF-8', no_proxy: '*', ...settings }
    this.#bash = spawn('stdbuf', ['-oL', 'bash', '-s'], { cwd: folder, env: environment, detached: true })
    this.#bash.stdout.on('data', (data) => {
      this.#output += data
    })
    this.#bash.stdin.write('exec 2>&1\n')
  }

  /** Runs a block to its end. */
  async run(block: string, where: string): Promise<void> {
    const file = join(this.#folder, 'block.sh')
    writeFileSync(file, block)
    this.#output = ''
    this.#bash.stdin.write(`. ${file} </dev/null; printf '\\n<<over>>\\n'\n`)
    await until(
      () => this.#output.endsWith('\n<<over>>\n'),
      () => `${where} did not end:\n${this.#output}`
    )
    this.said = this.#output.slice(0, -'\n<<over>>\n'.length)
  }

  /** Runs a block beside the others; resolves once it listens. */
  async runBeside(block: string, where: string): Promise<void> {
    this.#besides += 1
    writeFileSync(join(this.#folder, `beside-${this.#besides}.sh`), block)
    writeFileSync(join(this.#folder, `beside-${this.#besides}.log`), '')
    await this.run(`(. ./beside-${this.#besides}.sh) </dev/null >beside-${this.#besides}.log 2>&1 &`, where)
    await this.heardBeside(/Subscribed|: connected/, where)
  }

  /** Waits until what runs beside has printed it. */
  async heardBeside(wanted: RegExp, where: string): Promise<void> {
    const log = () => readFileSync(join(this.#folder, `beside-${this.#besides}.log`), 'utf8')
    await until(
      () => wanted.test(log()),
      () => `${where}: the second terminal says something else:\n${log()}`
    )
  }

  /** Ends the bash and all that it started: they are a process group of their own. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#bash, 'close')
    process.kill(-this.#bash.pid!, 'SIGKILL')
    await ended
  }
}

async function until(check: () => boolean, complaint: () => string): Promise<void> {
  const endMs = performance.now() + STEP_MS
  while (!check()) {
    if (performance.now() > endMs) assert.fail(complaint())
    await sleep(20)
  }
}

/** A server process as `npm start` makes it, on free ports, in a data folder of its own. */
async function startServer(dataDir: string) {
  const settings = { DATA_DIR: dataDir, PORT: '0', MQTT_PORT: '0', LOG_LEVEL: 'warn', SUPERUSER_PASSWORD: STAFF.STAFF_PASSWORD }
  const environment = { PATH: process.env.PATH, ...settings }
  mkdirSync(dataDir)
  const child = spawn(process.execPath, [join(ROOT, 'server', 'processes', 'store.ts')], { cwd: dataDir, env: environment })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      output += data
    })
  const stop = async () => {
    const ended = child.exitCode === null ? once(child, 'exit') : Promise.resolve()
    child.kill('SIGTERM')
    await ended
    assert.equal(child.exitCode, 0, `the server ends with 0:\n${output}`)
  }
  await until(
    () => /ready in/.test(output) || child.exitCode !== null,
    () => `the server does not start:\n${output}`
  ).catch((error) => {
    child.kill('SIGKILL') // or it would keep the tests from ending
    throw error
  })
  const port = (line: RegExp) => line.exec(output)?.[1] ?? assert.fail(`no port in what the server says:\n${output}`)
  const BASE_URL = `http://127.0.0.1:${port(/ready in .*?127\.0\.0\.1:(\d+)/)}`
  const MQTT_PORT = port(/over MQTT: 127\.0\.0\.1:(\d+)/)
  return { settings: { BASE_URL, MQTT_PORT, MQTT_HOST: '127.0.0.1' }, [Symbol.asyncDispose]: stop }
}

/** Where mosquitto-clients is missing: commands of the same names that understand the options the guides use. Returns their folder. */
function standIns(folder: string): string {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'stand-in.mjs'), STAND_IN.replace('MQTT', JSON.stringify(import.meta.resolve('mqtt'))))
  for (const name of ['mosquitto_pub', 'mosquitto_sub']) {
    writeFileSync(join(bin, name), `#!/bin/sh\nexec node "${bin}/stand-in.mjs" ${name} "$@"\n`)
    chmodSync(join(bin, name), 0o755)
  }
  return bin
}

const STAND_IN = `
import { parseArgs } from 'node:util'
import { connectAsync } from MQTT
const text = (short) => ({ type: 'string', short })
const { values: v } = parseArgs({ args: process.argv.slice(3), options: {
  host: text('h'), port: text('p'), username: text('u'), pw: text('P'), qos: text('q'), topic: text('t'), message: text('m'), keepalive: text('k'), id: text('i'),
  debug: { type: 'boolean', short: 'd' }, 'will-topic': { type: 'string' }, 'will-payload': { type: 'string' }, 'will-qos': { type: 'string' },
  'will-retain': { type: 'boolean' }
} })
const will = v['will-topic'] && { will: { topic: v['will-topic'], payload: v['will-payload'], qos: 1, retain: true } }
const fail = (error) => (console.log(String(error?.message ?? 'The connection was lost.')), process.exit(1))
try {
  const client = await connectAsync('mqtt://' + v.host + ':' + v.port, { username: v.username, ...(v.id && { clientId: v.id }), password: v.pw, reconnectPeriod: 0, protocolVersion: 4, ...will }, false)
  client.on('error', fail).on('message', (_topic, payload) => console.log(payload.toString()))
  if (process.argv[2] === 'mosquitto_sub') {
    await client.subscribeAsync(v.topic, { qos: Number(v.qos ?? 0) })
    console.log('Subscribed')
  } else {
    client.on('close', fail)
    await client.publishAsync(v.topic, v.message, { qos: Number(v.qos ?? 0) })
    client.removeListener('close', fail)
    await client.endAsync()
  }
} catch (error) { fail(error) }
`
