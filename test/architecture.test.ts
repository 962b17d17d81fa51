/** Keeps the house in shape: who may import whom, how big a file may be, every device message has its handler and its simulated twin. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { test } from 'node:test'

const TOOLS = ['contracts', 'server/platform', 'server/db/schema.ts', 'server/context.ts']
const actions = (...rooms: string[]) => rooms.map((room) => `server/domain/${room}/actions.ts`)
const DOOR = [...TOOLS, ...actions('*')]
/** Room → the doors it may open. The longest matching room wins. */
const DOORS: Record<string, string[]> = {
  contracts: [],
  'server/platform': [],
  'server/db': ['server/platform'],
  'server/domain/staff': TOOLS,
  'server/domain/catalog': [...TOOLS, ...actions('staff')],
  'server/domain/camera': [...TOOLS, ...actions('staff', 'catalog')],
  'server/domain/webhook': [...TOOLS, ...actions('staff', 'catalog', 'camera')],
  'server/domain/iot': [...TOOLS, ...actions('staff', 'catalog', 'camera', 'webhook')],
  'server/domain/user': [...TOOLS, ...actions('staff', 'catalog', 'camera', 'webhook', 'iot')],
  'server/domain/ticket': [...TOOLS, ...actions('staff', 'catalog', 'camera', 'webhook', 'iot', 'user')],
  'server/domain/stock': [...TOOLS, ...actions('staff', 'catalog', 'camera', 'webhook', 'iot', 'user', 'ticket')],
  'server/ingest': DOOR,
  'server/recorder': [...TOOLS, ...actions('camera')],
  'server/upload': DOOR,
  'server/webhooks': DOOR,
  'server/http': [...DOOR, 'server/config.ts'],
  'server/jobs': DOOR,
  'server/live': TOOLS,
  'server/processes': ['contracts', 'server'],
  server: ['contracts', 'server'],
  simulator: ['contracts'],
  bench: ['contracts', 'server', 'simulator', 'test/support'],
  test: ['contracts', 'server', 'simulator', 'bench']
}
/** The web app: `ui` knows no shop, `resources` no page, and no page another. */
const SCREEN = ['contracts', 'web/src/ui', 'web/src/resources', 'web/src/[^/]+.tsx?']
for (const page of globSync('web/src/pages/*')) DOORS[page] = SCREEN
Object.assign(DOORS, { 'web/src/ui': [], 'web/src/resources': SCREEN, 'web/src/shell': SCREEN, web: ['contracts', 'web'] })

const ROOMS = Object.keys(DOORS).toSorted((a, b) => b.length - a.length)
const roomOf = (path: string) => ROOMS.find((room) => path.startsWith(`${room}/`)) ?? path
const opens = (door: string, path: string) =>
  new RegExp(`^${door.replaceAll('.', '\\.').replaceAll('*', '[^/]+')}(/|$)`).test(path)
/** Tests stand beside what they test and may also use the test support. */
const doorsOf = (file: string) => [
  ...(DOORS[roomOf(file)] ?? []),
  ...(file.endsWith('.test.ts') ? ['test', 'server', 'contracts'] : [])
]

const CEILING = 300
const files = globSync(['{contracts,server,simulator,bench,test}/**/*.ts', 'web/*.ts', 'web/src/**/*.{ts,tsx}']).filter(
  (file) => file !== 'server/db/schema.ts'
)
const ENVIRONMENT = `process.${'env'}`
const LEFTOVERS = /^(utils?|helpers?|manager|common|misc)\.ts$/

for (const file of files) {
  const source = readFileSync(file, 'utf8')
  const imports = [...source.matchAll(/^(?:import|export) [^'"]*?from '([^']+)'/gm)].map((match) => match[1]!)
  const lazy = [...source.matchAll(/import\('([^']+)'\)/g)].map((match) => match[1]!)

  test(`${file} keeps to its room`, () => {
    assert(/^(\/\*\*|\/\/|#!)/.test(source), 'the first line is the caption: what room you are in')
    assert(source.split('\n').length <= CEILING, `a file over ${CEILING} lines becomes a folder`)
    assert(!LEFTOVERS.test(basename(file)), 'a file is named for what it holds')
    assert(
      file === 'server/config.ts' || file.startsWith('test/') || !source.includes(ENVIRONMENT),
      'only config.ts reads the environment'
    )
    assert(
      !file.startsWith('server/') || file.includes('.test.') || !/^import (?!type)[^']*'node:http'/m.test(source),
      'platform/plain-http.ts has node:http, without the 18 MB that an import of it loads'
    )
    assert(file === 'web/vite.config.ts' || !/^export default/m.test(source), 'no default exports')
    for (const target of [...imports, ...lazy]) {
      assert(!target.startsWith('../'), `${target}: leave a room through #, not ../`)
      if (!target.startsWith('#')) continue
      const path = target.slice(1).replace(/^web\//, 'web/src/') // as package.json leads
      const isOwn = roomOf(path) === roomOf(file)
      assert(isOwn || doorsOf(file).some((door) => opens(door, path)), `${roomOf(file)} may not import ${target}`)
    }
  })
}

test('every device message has a contract, a handler and a simulated twin', () => {
  const TRANSPORTS = ['http.ts', 'index.ts', 'mqtt.ts']
  const names = (folder: string) =>
    globSync(`${folder}/*.ts`)
      .map((file) => basename(file))
      .filter((file) => !TRANSPORTS.includes(file) && !file.endsWith('.test.ts'))
      .toSorted()
  assert.deepEqual(names('server/ingest'), names('contracts/device'))
  assert.deepEqual(names('simulator/devices'), names('contracts/device'))
})

test('files stay small: median at most 60 lines, nine of ten at most 200', () => {
  const sizes = files
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => readFileSync(file, 'utf8').split('\n').length)
    .toSorted((a, b) => a - b)
  const at = (share: number) => sizes[Math.floor(sizes.length * share)]!
  assert(at(0.5) <= 60, `median ${at(0.5)}`)
  assert(at(0.9) <= 200, `90th percentile ${at(0.9)}`)
})
