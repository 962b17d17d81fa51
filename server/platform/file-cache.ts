/** Small files that can be made again, in a folder of bounded size: what was not asked for the longest goes first. */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { newId } from './ids.ts'

/** A key is a path of plain names; all below one folder can be forgotten together. */
export class FileCache {
  readonly #folder: string
  readonly #maxBytes: number
  /** Key → bytes, in the order in which they were last asked for. */
  readonly #sizes = new Map<string, number>()
  readonly #making = new Map<string, Promise<Buffer>>()
  #bytes = 0
  #opened: Promise<void> | null = null

  constructor({ folder, maxBytes }: { folder: string; maxBytes: number }) {
    this.#folder = folder
    this.#maxBytes = maxBytes
  }

  /** The file of `key`; `make` makes it when it is not there, once for all who ask meanwhile. Throws what `make` throws. */
  get(key: string, make: () => Promise<Buffer>): Promise<Buffer> {
    const making = this.#making.get(key)
    if (making) return making
    const found = this.#find(key, make).finally(() => this.#making.delete(key))
    this.#making.set(key, found)
    return found
  }

  /** Removes every file below `folder`. */
  async forget(folder: string): Promise<void> {
    await this.#open()
    for (const key of [...this.#sizes.keys()]) if (key.startsWith(`${folder}/`)) this.#drop(key)
    await rm(join(this.#folder, folder), { recursive: true, force: true })
  }

  async #find(key: string, make: () => Promise<Buffer>): Promise<Buffer> {
    await this.#open()
    const kept = this.#sizes.has(key) ? await readFile(join(this.#folder, key)).catch(() => null) : null
    if (kept) {
      this.#note(key, kept.length)
      return kept
    }
    const made = await make()
    await this.#keep(key, made).catch(() => this.#drop(key)) // a cache that cannot be written is no reason to say no
    return made
  }

  async #keep(key: string, content: Buffer): Promise<void> {
    const path = join(this.#folder, key)
    const draft = join(this.#folder, `${newId()}.draft`)
    await mkdir(dirname(path), { recursive: true, mode: 0o750 })
    try {
      await writeFile(draft, content, { mode: 0o640 })
      await rename(draft, path)
    } catch (error) {
      await rm(draft, { force: true })
      throw error
    }
    this.#note(key, content.length)
    for (const oldest of this.#sizes.keys()) {
      if (this.#bytes <= this.#maxBytes || oldest === key) break
      this.#drop(oldest)
      await rm(join(this.#folder, oldest), { force: true })
    }
  }

  #note(key: string, bytes: number): void {
    this.#drop(key)
    this.#sizes.set(key, bytes)
    this.#bytes += bytes
  }

  #drop(key: string): void {
    this.#bytes -= this.#sizes.get(key) ?? 0
    this.#sizes.delete(key)
  }

  /** What an earlier process left counts too, oldest first; its drafts go. */
  #open(): Promise<void> {
    this.#opened ??= this.#takeOver()
    return this.#opened
  }

  async #takeOver(): Promise<void> {
    const names = await readdir(this.#folder, { recursive: true }).catch(() => [])
    const files: { key: string; bytes: number; writtenMs: number }[] = []
    for (const key of names) {
      if (key.endsWith('.draft')) await rm(join(this.#folder, key), { force: true })
      const found = await stat(join(this.#folder, key)).catch(() => null)
      if (found?.isFile()) files.push({ key, bytes: found.size, writtenMs: found.mtimeMs })
    }
    for (const { key, bytes } of files.toSorted((a, b) => a.writtenMs - b.writtenMs)) this.#note(key, bytes)
  }
}
