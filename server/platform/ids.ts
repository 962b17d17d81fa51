/** Ids: UUIDv7 (RFC 9562), so that rows made together lie together; secrets: 256 random bits, kept only as SHA-256. */
import { createHash, randomBytes } from 'node:crypto'
import { v7 } from 'uuid'

export const newId = (): string => v7()

/** A fresh secret, 43 characters of base64url, after a prefix that tells people and secret scanners what it is. */
export const newSecret = (prefix: string): string => `${prefix}_${randomBytes(32).toString('base64url')}`

export const hashSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest()
