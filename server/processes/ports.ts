/** A port that is taken, said so that a person knows which setting to change. */
import { ConfigError } from '#server/config.ts'

/** Rethrows `error`; one that says that the address is in use or not ours becomes a line that names the setting. */
export function inUse(error: NodeJS.ErrnoException, setting: string, port: number): never {
  if (error.code === 'EADDRINUSE')
    throw new ConfigError(
      `setting ${setting}: port ${port} is in use; stop what uses it, or set ${setting} to another (0 = any free one)`
    )
  if (error.code === 'EACCES') throw new ConfigError(`setting ${setting}: port ${port} needs more rights; use one above 1023`)
  if (error.code === 'EADDRNOTAVAIL')
    throw new ConfigError(`setting ${setting === 'PORT' ? 'HOST' : 'MQTT_HOST'}: this machine has no such address`)
  throw error
}
