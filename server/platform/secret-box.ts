/** Secrets that must be read again (a camera's password): AES-256-GCM with a key that lies beside the data, never in the database. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'

const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

export type SecretBox = {
  /** `owner` is what the secret belongs to; it can be opened for the same owner only. */
  seal(secret: string, owner: string): Buffer
  /** Null when it was sealed with another key, for another owner, or was damaged. */
  open(sealed: Buffer, owner: string): string | null
}

/** Opens the box whose key is the file `path`; the key is made when there is none. Throws when the file is not a key. */
export function openSecretBox(path: string): SecretBox {
  const key = existsSync(path) ? readFileSync(path) : makeKey(path)
  if (key.length !== KEY_BYTES)
    throw new Error(`${path} is not a key of ${KEY_BYTES} bytes: put the right one back from a backup`)
  return {
    seal(secret, owner) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(owner))
      const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, text, cipher.getAuthTag()])
    },
    open(sealed, owner) {
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
        decipher.setAAD(Buffer.from(owner)).setAuthTag(sealed.subarray(-TAG_BYTES))
        return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8')
      } catch {
        return null
      }
    }
  }
}

function makeKey(path: string): Buffer {
  const key = randomBytes(KEY_BYTES)
  const file = openSync(path, 'wx', 0o600)
  try {
    writeSync(file, key)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  return key
}
