/** What each of many said last, letter by letter, and what was read from it: whoever repeats itself is not read again. */

/** Longer texts cost more to keep than to read. */
const MAX_CHARACTERS = 4096

export class LastSaid<T> {
  readonly #said = new Map<string, { text: string; meaning: T }>()

  /** What the same text of the same speaker meant the last time; null where it said something else, or nothing yet. */
  meaningOf(speaker: string, text: string): T | null {
    const last = this.#said.get(speaker)
    return last?.text === text ? last.meaning : null
  }

  /** `meaning` must depend on `text` alone and never be changed. Speakers are known ones: nothing here forgets one. */
  keep(speaker: string, text: string, meaning: T): void {
    if (text.length <= MAX_CHARACTERS) this.#said.set(speaker, { text, meaning })
  }
}
