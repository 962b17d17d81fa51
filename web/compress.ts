/** After the build: each text file beside itself as .br and .gz, so that the server never compresses; says what a first load weighs. */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const folder = process.argv[2]!
const sizes = new Map<string, number>()
for (const file of globSync('**/*.{js,css,html,svg}', { cwd: folder })) {
  const content = readFileSync(join(folder, file))
  const quality = { [constants.BROTLI_PARAM_QUALITY]: 10, [constants.BROTLI_PARAM_SIZE_HINT]: content.length }
  const zipped = gzipSync(content, { level: 9 })
  writeFileSync(join(folder, `${file}.gz`), zipped)
  writeFileSync(join(folder, `${file}.br`), brotliCompressSync(content, { params: quality }))
  sizes.set(file, zipped.length)
}

const kilobytes = (files: string[]) => Math.round(files.reduce((sum, file) => sum + (sizes.get(file) ?? 0), 0) / 1000)
const linked = [...readFileSync(join(folder, 'index.html'), 'utf8').matchAll(/(?:src|href)="\/admin\/([^"]+)"/g)].map(
  (m) => m[1]!
)
process.stdout.write(
  `web: built; a first load is ${kilobytes(['index.html', ...linked])} kB gzipped, all of it ${kilobytes([...sizes.keys()])} kB\n`
)
