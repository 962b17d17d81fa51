/** The installed store: install, update, and the way back from a release that is broken, with the real scripts in a folder of their own. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename, join, resolve } from 'node:path'
import { test } from 'node:test'
import { openFolder, run, speaker } from '#test/support/box.ts'

const UNIT = 'deploy/niflr-edge-store.service'
const LIMIT = 1.5

test('the unit file exposes little', (t) => {
  let report: string
  try {
    report = execFileSync('systemd-analyze', ['security', '--offline=true', UNIT], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe']
    })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return t.skip('systemd-analyze is not installed (apt install systemd): the exposure of the unit is not measured')
  }
  const exposure = Number(/Overall exposure level for .*: ([\d.]+)/.exec(report)?.[1])
  assert(exposure <= LIMIT, `${exposure} > ${LIMIT}:\n${report}`)
})

test('a store is installed, updated, and comes back from a release that does not work', { timeout: 120_000 }, async () => {
  using folder = openFolder('niflr-service-')
  await using box = await openMachine(folder.path)

  await box.script('install.sh', box.release('1.0.0'))
  await box.script('install.sh', box.release('1.0.0')) // again: nothing to do
  assert.equal(box.current(), '1.0.0')
  const { body } = await box.signIn()
  assert.equal(body.username, 'admin')
  const refused = await box.script('install.sh', box.release('1.0.1'), 1)
  assert.match(refused, /use .*update.sh/)

  await box.script('update.sh', box.release('1.1.0'))
  assert.equal(box.current(), '1.1.0')
  await box.signIn()

  const broken = box.release('1.2.0', (path) =>
    writeFileSync(join(path, 'server/processes/house.ts'), 'throw new Error("broken")')
  )
  assert.match(await box.script('update.sh', broken, 1), /release 1\.1\.0 runs again/)
  assert.equal(box.current(), '1.1.0')
  await box.signIn()

  await box.onboard('kept')
  const worse = box.release('2.0.0', (path) => {
    writeFileSync(join(path, 'server/db/migrations/0900-new.sql'), 'CREATE TABLE later (id integer)')
    writeFileSync(
      join(path, 'server/processes/readiness.ts'),
      'export const readiness = () => async () => ({ ok: false, checks: {}, degraded: [] })'
    )
  })
  const said = await box.script('update.sh', worse, 1)
  assert.match(
    said + box.said(),
    /stands still during the backup[\s\S]*does not know this database any more: restoring[\s\S]*release 1\.1\.0 runs again/
  )
  assert.equal(box.current(), '1.1.0')
  assert.deepEqual(await box.machines(), ['kept'], 'what was taken before the update is there')
})

/** A machine below a folder: a systemctl that starts and stops the real server, and releases made of this tree. */
async function openMachine(root: string) {
  const port = await freePort()
  const prefix = join(root, 'machine')
  const home = join(prefix, 'opt/niflr-edge-store')
  const settings = join(prefix, 'etc/niflr-edge-store/environment')
  const systemctl = join(root, 'systemctl')
  mkdirSync(join(prefix, 'etc/niflr-edge-store'), { recursive: true })
  writeFileSync(settings, `PORT=${port}\nMQTT_PORT=0\nLOG_LEVEL=fatal\nSUPERUSER_PASSWORD="a long way home"\n`)
  writeFileSync(systemctl, FAKE_SYSTEMCTL, { mode: 0o755 })
  const env = {
    ...{ PATH: process.env.PATH!, HOME: process.env.HOME ?? '/', PREFIX: prefix, SYSTEMCTL: systemctl },
    ...{
      READY_SECONDS: '15',
      HOME_OF_STORE: home,
      DATA_DIR: join(prefix, 'var/lib/niflr-edge-store'),
      PID_FILE: join(root, 'pid')
    }
  }
  const send = speaker(`http://127.0.0.1:${port}`)
  const signIn = async () => {
    const answer = await send('POST', '/api/v1/auth/login', { username: 'admin', password: 'a long way home' })
    assert.equal(answer.status, 200, answer.text)
    return answer
  }
  const staff = async () =>
    speaker(`http://127.0.0.1:${port}`, {
      cookie: (await signIn()).headers.getSetCookie()[0]!.split(';')[0]!,
      origin: `http://127.0.0.1:${port}`
    })
  const said = () => readFileSync(`${env.PID_FILE}.log`, 'utf8')
  return {
    signIn,
    said,
    release: (version: string, bend = (_path: string) => {}) => makeRelease(join(root, `release-${version}`), version, bend),
    current: () => basename(readlinkSync(join(home, 'current'))),
    [Symbol.asyncDispose]: async () => void (await run(systemctl, ['stop'], { env })),
    async script(name: string, release: string, expected = 0): Promise<string> {
      const { code, out, err } = await run('sh', [join(release, 'deploy', name), release], {
        env: { ...env, ...(expected && { READY_SECONDS: '6' }) }
      })
      assert.equal(code, expected, out + err + said())
      return out + err
    },
    async onboard(machineId: string) {
      const { status, text } = await (await staff())('POST', '/api/v1/machines', {
        machineId,
        displayName: machineId,
        kind: 'shelf'
      })
      assert.equal(status, 201, text)
    },
    machines: async () =>
      (await (await staff())('GET', '/api/v1/machines')).body.items.map((one: { machineId: string }) => one.machineId)
  }
}

/** This tree as a release: its own sources, the packages by a link. */
function makeRelease(path: string, version: string, bend: (path: string) => void): string {
  if (existsSync(path)) return path
  mkdirSync(path)
  for (const entry of ['server', 'contracts', 'deploy', 'manage.ts', 'setup.sh', 'package-lock.json', '.npmrc'])
    cpSync(entry, join(path, entry), { recursive: true })
  writeFileSync(
    join(path, 'package.json'),
    readFileSync('package.json', 'utf8').replace(/"version": "[^"]*"/, `"version": "${version}"`)
  )
  symlinkSync(resolve('node_modules'), join(path, 'node_modules'))
  bend(path)
  return path
}

/** start, stop and restart as systemd would do them, with the settings file as environment. */
const FAKE_SYSTEMCTL = `#!/bin/sh
stop() {
  [ -f "$PID_FILE" ] || return
  pid=$(cat "$PID_FILE")
  kill "$pid" 2>/dev/null
  while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
  rm -f "$PID_FILE"
}
start() {
  [ -f "$PID_FILE" ] && kill -0 "$(cat "$PID_FILE")" 2>/dev/null && return
  cd "$HOME_OF_STORE/current" || exit 1
  settings=$PREFIX/etc/niflr-edge-store/environment
  set -a
  . "$settings"
  set +a
  setsid env -u PREFIX sh server/processes/run.sh store </dev/null >>"$PID_FILE.log" 2>&1 &
  echo $! >"$PID_FILE"
}
case $1 in
  start | enable) start ;;
  stop) stop ;;
  restart)
    stop
    start
    ;;
esac
`

async function freePort(): Promise<number> {
  const { promise, resolve: done } = Promise.withResolvers<number>()
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address() as { port: number }
    server.close(() => done(port))
  })
  return promise
}
