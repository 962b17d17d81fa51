/** Argon2id as a tool of this room: bounded at two at once, so that a flood of sign-ins costs others neither memory nor threads. */
import { hash, parseOptions, verify } from '@node-rs/argon2'
import { Unavailable } from '#server/platform/errors.ts'

/** OWASP's parameters: 19 MiB, two passes, one lane. A hash made with others is made anew at the next right password. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const AT_ONCE = 2
const WAITING = 32

let running = 0
const queue: (() => void)[] = []

async function bounded<T>(run: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE && queue.length >= WAITING) throw new Unavailable('too many people sign in at once; try again')
  if (running >= AT_ONCE) await new Promise<void>((resolve) => queue.push(resolve))
  else running++
  try {
    return await run()
  } finally {
    const next = queue.shift()
    if (next) next()
    else running--
  }
}

/** Hashes a new password. Throws Unavailable when too many wait. */
export const hashPassword = (password: string): Promise<string> => bounded(() => hash(password, PARAMETERS))

let nobodysHash: string | null = null

/** Is it the password of `passwordHash`? Without a hash (there is no such account) it costs the same time and is false. */
export async function isPassword(passwordHash: string | undefined, password: string): Promise<boolean> {
  nobodysHash ??= await hashPassword('nobody has this one')
  const against = passwordHash ?? nobodysHash
  return (await bounded(() => verify(against, password))) && passwordHash !== undefined
}

/** Was it made with other parameters than today's? */
export function isOutdated(passwordHash: string): boolean {
  const { memoryCost, timeCost, parallelism, algorithm } = parseOptions(passwordHash)
  return (
    algorithm !== 2 ||
    memoryCost !== PARAMETERS.memoryCost ||
    timeCost !== PARAMETERS.timeCost ||
    parallelism !== PARAMETERS.parallelism
  )
}
