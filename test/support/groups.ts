/**
 * Puts the everyday tests together, some files to a process: in one of its own each spends a second and a half before its first test.
 * Writes a file per group to the folder given and prints their names, for node's runner.
 */
import { globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'

const root = join(import.meta.dirname, '../..')
const folder = join(root, process.argv[2]!)
/** The longest, first and each alone: they wait for programs of their own, and whoever comes last is waited for. */
const ALONE = [
  'backup',
  'panel',
  'embedded-postgres',
  'docs',
  'true-speed',
  'uploads',
  'simulator',
  'backup-cameras',
  'playback',
  'privacy'
]

const all = ['contracts', 'server', 'simulator', 'web/src', 'bench', 'test/*.test.ts', 'test/flows'].flatMap((place) =>
  globSync(place.endsWith('.ts') ? place : `${place}/**/*.test.ts`, { cwd: root })
)
const nameOf = (file: string) => basename(file, '.test.ts')
const alone = ALONE.flatMap((name) => all.filter((file) => nameOf(file) === name))
const rest = all.filter((file) => !alone.includes(file))
const [flows, units] = [
  rest.filter((file) => file.startsWith('test/flows/')),
  rest.filter((file) => !file.startsWith('test/flows/'))
]

/** Deals `files` out to `count` groups, so that neighbours, which are alike, go to different ones. */
const deal = (files: string[], count: number) =>
  Array.from({ length: count }, (_, group) => files.toSorted().filter((_, at) => at % count === group))

/** No test starts before all files are there: one that sets a clock of its own must not set it for the stores that another file opens. */
const textOf = (files: string[]) => `import { before } from 'node:test'
const there = Promise.withResolvers()
before(() => there.promise)
${files.map((file) => `await import(${JSON.stringify(join(root, file))})`).join('\n')}
there.resolve()
`
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
const groups = [...alone.map((file) => [file]), ...deal(flows, 10), ...deal(units, 4)]
groups.forEach((files, at) => {
  const path = join(folder, `${String(at).padStart(2, '0')}.test.mjs`)
  writeFileSync(path, textOf(files))
  process.stdout.write(`${relative(process.cwd(), path)}\n`)
})
