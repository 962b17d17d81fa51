/**
 * Puts libraries of many small files together, in place: to find and link a thousand files took a third of a start's time and 25 MB. What a
 * program imports stays as it is; each entry of such a library becomes one line that leads to the file with all of it. Comments go: a
 * process holds the text of what it runs, two bytes for each character of a file where one of them is beyond Latin-1.
 */
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { build } from 'vite'

/** Each with the entries that the server imports; those of one library share what they hold. */
const LIBRARIES = { luxon: ['.'], typebox: ['.', './value', './compile'], kysely: ['.', './migration'] }

for (const [name, entries] of Object.entries(LIBRARIES)) {
  const folder = join(import.meta.dirname, 'node_modules', name)
  const packed = join(folder, 'packed')
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const files = entries.map((entry) => join(folder, exports[entry].import ?? exports[entry].default ?? exports[entry]))
  if (!existsSync(packed)) await pack(folder, { files, packed })
  for (const [n, file] of files.entries())
    if (!readFileSync(file, 'utf8').includes('/packed/entry-')) await lead(file, join(packed, `entry-${n}.mjs`))
}

/** The folder has its name once all of it is on the disk: whatever interrupts this, no entry leads to half a file. */
async function pack(folder, { files, packed }) {
  const draft = `${packed}.new`
  rmSync(draft, { recursive: true, force: true })
  await build({
    ...{ root: folder, configFile: false, logLevel: 'error', publicDir: false },
    ssr: { noExternal: true },
    build: {
      ...{ ssr: true, outDir: draft, target: 'esnext', minify: false, emptyOutDir: true },
      rollupOptions: {
        input: Object.fromEntries(files.map((file, n) => [`entry-${n}`, file])),
        preserveEntrySignatures: 'strict',
        output: { format: 'es', entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs', comments: false }
      }
    }
  })
  for (const name of readdirSync(draft)) sync(join(draft, name))
  sync(draft)
  renameSync(draft, packed)
  sync(folder)
}

/** Before that, both must have the same names to give. */
async function lead(file, to) {
  const [had, has] = [await import(file), await import(to)].map((module) => Object.keys(module).toSorted())
  if (String(had) !== String(has)) throw new Error(`${to} does not export what ${file} does`)
  const path = relative(dirname(file), to)
  const lines = [`export * from '${path}'`, ...(had.includes('default') ? [`export { default } from '${path}'`] : [])]
  writeFileSync(`${file}.new`, `${lines.join('\n')}\n`)
  sync(`${file}.new`)
  renameSync(`${file}.new`, file)
}

function sync(path) {
  const fd = openSync(path, 'r')
  fsyncSync(fd)
  closeSync(fd)
}
