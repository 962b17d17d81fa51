/** What a start leaves behind: compiled code worth keeping, and memory worth giving back. */
import { flushCompileCache } from 'node:module'
import { releaseMemory } from '#server/platform/memory.ts'

/** Once the start is over: what it compiled is kept, so that a process that is killed leaves it too, and what it let go of goes back to the box. */
export function tidy(): void {
  flushCompileCache()
  releaseMemory()
}
