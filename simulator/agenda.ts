/** What is still to happen in a story, earliest first; what was noted first goes first among equals. */

export type Agenda<T> = { note(atMs: number, happening: T): void; next(): { atMs: number; happening: T } | null }

type Entry<T> = { atMs: number; turn: number; happening: T }
const isBefore = <T>(a: Entry<T>, b: Entry<T>) => a.atMs < b.atMs || (a.atMs === b.atMs && a.turn < b.turn)

/** A binary heap: a hundred machines tick each second. */
export function openAgenda<T>(): Agenda<T> {
  const heap: Entry<T>[] = []
  let turn = 0
  return {
    note(atMs, happening) {
      heap.push({ atMs, turn: turn++, happening })
      rise(heap)
    },
    next() {
      const first = heap[0]
      const last = heap.pop()
      if (!first || !last) return null
      if (heap.length > 0) {
        heap[0] = last
        sink(heap)
      }
      return first
    }
  }
}

function rise<T>(heap: Entry<T>[]): void {
  let child = heap.length - 1
  while (child > 0) {
    const parent = (child - 1) >> 1
    if (!isBefore(heap[child]!, heap[parent]!)) return
    swap(heap, child, parent)
    child = parent
  }
}

function sink<T>(heap: Entry<T>[]): void {
  let parent = 0
  for (;;) {
    const children = [2 * parent + 1, 2 * parent + 2].filter((c) => c < heap.length)
    const least = children.reduce((best, c) => (isBefore(heap[c]!, heap[best]!) ? c : best), parent)
    if (least === parent) return
    swap(heap, least, parent)
    parent = least
  }
}

function swap<T>(heap: Entry<T>[], a: number, b: number): void {
  const entry = heap[a]!
  heap[a] = heap[b]!
  heap[b] = entry
}
