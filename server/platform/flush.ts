/** Makes what was written survive a power cut, whoever wrote it. */
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Resolves when a file's content, and its name in its folder, are on the disk. Throws what the system says. */
export async function flushFile(path: string): Promise<void> {
  await using file = await open(path, 'r')
  await file.datasync()
  await flushFolder(dirname(path))
}

/** The same for the names in a folder. */
export async function flushFolder(dir: string): Promise<void> {
  await using handle = await open(dir, 'r')
  await handle.sync()
}
