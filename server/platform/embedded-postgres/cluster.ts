/** The cluster's folder: its passwords, its one creation, and the database and role the server works with. */
import { randomBytes } from 'node:crypto'
import { chown, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import pg from 'pg'
import type { Binaries } from './binaries.ts'
import { complaint, type SystemUser } from './system-user.ts'

export const OWNER = 'niflr_owner'
export const APP = 'niflr_app'
export type Passwords = { owner: string; app: string }

/** Is there a cluster in `folder`? One of another PostgreSQL release, or a folder with something else in it, is an error. */
export async function isCluster(folder: string, { version }: Binaries): Promise<boolean> {
  const entries = await readdir(folder).catch(() => [])
  if (entries.length === 0) return false
  const release = await readFile(join(folder, 'PG_VERSION'), 'utf8').catch(() => '')
  if (!release) throw new Error(`${folder} is not empty and holds no PostgreSQL cluster: move it away`)
  if (release.trim() !== version.split('.')[0])
    throw new Error(`${folder} was made by PostgreSQL ${release.trim()}, this is ${version}: restore a backup instead`)
  return true
}

/** The roles' passwords. They are durable on disk before the cluster that asks for them exists, so no crash can part the two. */
export async function readPasswords(file: string, isNew: boolean): Promise<Passwords> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return null
  })
  if (text !== null) {
    const { owner, app } = JSON.parse(text) as Partial<Passwords>
    if (!owner || !app) throw new Error(`${file} lacks a password: restore it from a backup`)
    return { owner, app }
  }
  if (!isNew) throw new Error(`${file} is missing; it holds the passwords of the database beside it: restore it from a backup`)
  const passwords = { owner: randomBytes(24).toString('base64url'), app: randomBytes(24).toString('base64url') }
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(`${file}.new`, JSON.stringify(passwords), { mode: 0o600, flush: true })
  await rename(`${file}.new`, file)
  await flushFolder(dirname(file))
  return passwords
}

/** Makes the cluster beside `folder` and moves it there whole: a crash leaves either none or all of it. */
export async function createCluster(
  folder: string,
  binaries: Binaries,
  { user, password }: { user: SystemUser | null; password: string }
): Promise<void> {
  const [parent, draftName] = [dirname(folder), `${basename(folder)}.new-`]
  for (const entry of await readdir(parent))
    if (entry.startsWith(draftName)) await rm(join(parent, entry), { recursive: true, force: true, maxRetries: 5 }) // a start that died
  const draft = join(parent, draftName + randomBytes(4).toString('hex'))
  const [data, pwfile] = [join(draft, 'data'), join(draft, 'password')]
  await mkdir(data, { recursive: true, mode: 0o700 })
  await writeFile(pwfile, password, { mode: 0o600 })
  if (user) for (const path of [draft, data, pwfile]) await chown(path, user.uid, user.gid)
  const locale = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--encoding=UTF8']
  const access = [`--username=${OWNER}`, '--auth=scram-sha-256', '--pwfile=../password']
  const why = await complaint(user, data, [
    binaries.initdb,
    '-D',
    '/proc/self/cwd',
    ...access,
    ...locale,
    '--data-checksums',
    '--no-instructions'
  ])
  if (why) throw new Error(`the database cluster could not be created: ${why}`)
  await rename(data, folder)
  await flushFolder(parent)
  await rm(draft, { recursive: true, force: true })
}

async function flushFolder(path: string): Promise<void> {
  await using handle = await open(path, 'r')
  await handle.sync()
}

/** The address of `database` on this machine for one of our roles. Passwords are base64url: nothing to escape. */
export function clusterUrl(role: { name: string; password: string }, port: number, database: string): string {
  return `postgresql://${role.name}:${role.password}@127.0.0.1:${port}/${encodeURIComponent(database)}`
}

/** A connection closed at the end of the scope that opened it. */
export async function connect(connectionString: string): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client({
    connectionString,
    application_name: 'niflr-launcher',
    connectionTimeoutMillis: 5000,
    query_timeout: 20_000
  })
  client.on('error', () => {}) // the query that waits for it says so
  try {
    await client.connect()
  } catch (error) {
    await client.end().catch(() => {})
    throw error
  }
  return Object.assign(client, { [Symbol.asyncDispose]: async () => void (await client.end().catch(() => {})) })
}

/** Makes the database and the server's own role, which reads and writes rows where it is granted to, but can change no structure. */
export async function prepareDatabase(port: number, { owner, app }: Passwords, database: string): Promise<void> {
  const ownerRole = { name: OWNER, password: owner }
  {
    await using client = await connect(clusterUrl(ownerRole, port, 'postgres'))
    const missing = async (sql: string, name: string) => (await client.query(sql, [name])).rowCount === 0
    if (
      await missing(
        'SELECT 1 FROM pg_roles WHERE rolname = $1 AND rolcanlogin AND NOT (rolsuper OR rolcreatedb OR rolcreaterole)',
        APP
      )
    ) {
      if (await missing('SELECT 1 FROM pg_roles WHERE rolname = $1', APP)) await client.query(`CREATE ROLE ${APP}`)
      await client.query(
        `ALTER ROLE ${APP} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD '${app}'`
      )
    }
    if (await missing('SELECT 1 FROM pg_database WHERE datname = $1', database))
      await client.query(`CREATE DATABASE ${pg.escapeIdentifier(database)}`)
    if (await isWrong(clusterUrl({ name: APP, password: app }, port, 'postgres')))
      await client.query(`ALTER ROLE ${APP} PASSWORD '${app}'`)
  }
  await using client = await connect(clusterUrl(ownerRole, port, database))
  const name = pg.escapeIdentifier(database)
  const open = `SELECT has_schema_privilege('${APP}', 'public', 'CREATE') OR has_database_privilege('${APP}', current_database(), 'TEMP') AS open`
  if (((await client.query(open)).rows[0] as { open: boolean }).open)
    await client.query(
      `REVOKE CREATE ON SCHEMA public FROM PUBLIC, ${APP}; REVOKE TEMPORARY ON DATABASE ${name} FROM PUBLIC, ${APP}`
    )
}

/** Is the password in this address refused? */
async function isWrong(url: string): Promise<boolean> {
  try {
    await using _client = await connect(url)
    return false
  } catch (error) {
    if ((error as { code?: string }).code === '28P01') return true
    throw error
  }
}
