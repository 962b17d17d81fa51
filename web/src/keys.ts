/** Idempotency keys: what is sent again unchanged, because no answer came, has the key it had, and so counts once. */
import { useRef } from 'react'

export type Keys = {
  /** The key of what is being sent: the same for the same. */
  of(what: unknown): string
  /** It was answered: the same, sent once more, is meant once more. */
  forget(what: unknown): void
}

export function useKeys(): Keys {
  const known = useRef(new Map<string, string>()).current
  return {
    of(what) {
      const name = JSON.stringify(what)
      const key = known.get(name) ?? crypto.randomUUID()
      known.set(name, key)
      return key
    },
    forget: (what) => void known.delete(JSON.stringify(what))
  }
}
