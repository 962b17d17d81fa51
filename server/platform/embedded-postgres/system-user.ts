/** Whom PostgreSQL runs as: it refuses to be root, so under root it becomes somebody who may do nothing else. */
import { execFile, type SpawnOptions } from 'node:child_process'
import { lchown, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

export type SystemUser = { name: string; uid: number; gid: number }

/** Our own user as PostgreSQL's (null), or under root: the owner of `folder`, else `niflr`, else `nobody`. */
export async function postgresUser(folder: string): Promise<SystemUser | null> {
  const owner = await stat(folder).catch(() => null)
  const own = process.getuid?.() ?? -1
  if (own !== 0) {
    if (owner && owner.uid !== own) throw new Error(`${folder} belongs to user id ${owner.uid}: start as that user or as root`)
    return null
  }
  const users = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n').map((line) => {
    const [name = '', , uid, gid] = line.split(':')
    return { name, uid: Number(uid), gid: Number(gid) }
  })
  if (owner && owner.uid !== 0)
    return users.find((user) => user.uid === owner.uid) ?? { name: `user id ${owner.uid}`, uid: owner.uid, gid: owner.gid }
  const named = (name: string) => users.find((user) => user.name === name && user.uid > 0)
  return named('niflr') ?? named('nobody') ?? { name: 'nobody', uid: 65534, gid: 65534 }
}

/**
 * How a child of this user is spawned in `cwd`. libuv changes the folder before it drops the user, and `/proc/self/cwd` reaches it
 * again without passing its parents: so a data folder below /root works for a user who may not enter /root.
 */
export function spawnAs(user: SystemUser | null, cwd: string): SpawnOptions & { cwd: string } {
  const env = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' } // nobody's locale or PG… settings may leak into the cluster
  return { cwd, env, ...(user && { uid: user.uid, gid: user.gid }) }
}

/** Runs a program as this user to its end. Resolves to null when it went well, otherwise to what it said. */
export async function complaint(
  user: SystemUser | null,
  cwd: string,
  command: [program: string, ...args: string[]]
): Promise<string | null> {
  const [program, ...args] = command
  return new Promise((resolve) => {
    const done = (error: Error | null, _stdout: string, stderr: string) => resolve(error && (stderr.trim() || error.message))
    try {
      execFile(program, args, { ...spawnAs(user, cwd), encoding: 'utf8', maxBuffer: 1 << 22 }, done)
    } catch (error) {
      resolve(String(error)) // some refusals of the kernel (EACCES, EPERM) come at once
    }
  })
}

/** Gives `folder` and all below it to the user, where it is not theirs yet (somebody copied it back as root). */
export async function giveTo(user: SystemUser | null, folder: string): Promise<void> {
  if (!user || (await stat(folder)).uid === user.uid) return
  for (const entry of await readdir(folder, { recursive: true })) await lchown(join(folder, entry), user.uid, user.gid)
  await lchown(folder, user.uid, user.gid) // last: while the folder is root's, an interrupted pass is done again
}
